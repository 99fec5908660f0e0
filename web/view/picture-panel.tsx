/** The picture of the job: places of the source, pipelines, nodes of the target, and lines between them. On a narrow screen they stand under each other, without lines. */
import type { JSX } from 'preact';
import { useRef } from 'preact/hooks';
import { showPercent } from '../../src/status/format-quantity.ts';
import { shortName } from '../judge/short-name.ts';
import { type Picture, type PictureCourse, type PictureNode, courseId } from '../judge/topology.ts';
import type { Words } from '../words/en.ts';
import { HealthMark } from './health-mark.tsx';
import { NodeCard } from './node-card.tsx';
import { useWords } from './page-words.ts';
import { Panel } from './panel.tsx';
import { PictureLines } from './picture-lines.tsx';

interface PicturePanelProps {
  readonly picture: Picture;
  readonly isLoad: boolean;
  /** Shows the connections of an address. */
  readonly onShow: (address: string) => void;
}

/** With more nodes than that in a column, their connections are squares. */
const DETAILED_MAX = 4;

export function PicturePanel({ picture, isLoad, onShow }: PicturePanelProps): JSX.Element {
  const words = useWords();
  const texts = words.picture;
  const frame = useRef<HTMLDivElement>(null);
  const cards = (nodes: readonly PictureNode[]): JSX.Element[] =>
    nodes.map((node) => (
      <NodeCard key={node.address} node={node} isDetailed={nodes.length <= DETAILED_MAX} isSlowest={picture.slowest === node} onShow={onShow} />
    ));
  return (
    <Panel id="picture" title={texts.title}>
      <div class="picture" ref={frame}>
        <PictureLines frame={frame} lines={picture.lines} />
        <div class="column">
          <h3>{isLoad ? texts.file : texts.source}</h3>
          <ul class="cards">{cards(picture.sources)}</ul>
        </div>
        <div class="column courses">
          <h3>{texts.courses}</h3>
          <ul class="cards">
            {picture.courses.map((course) => (
              <Course key={course.name} course={course} words={words} />
            ))}
          </ul>
        </div>
        <div class="column">
          <h3>{texts.targets}</h3>
          <ul class="cards">{cards(picture.targets)}</ul>
        </div>
      </div>
    </Panel>
  );
}

function Course({ course, words }: { readonly course: PictureCourse; readonly words: Words }): JSX.Element {
  const { name, health } = course;
  return (
    <li class={`card course ${health}`} data-node={courseId(name)}>
      <HealthMark health={health} />
      <span class="hidden">{words.health[health]}</span>
      <span class="name" title={name}>
        {name === '' ? words.picture.only : shortName(name)}
      </span>
      <span class="doing">{doing(course, words)}</span>
    </li>
  );
}

function doing({ phase, waitsFor, progress, lagMs }: PictureCourse, { picture, duration }: Words): string {
  if (phase === 'incremental-sync') return lagMs < 0 ? '' : picture.lag(duration(lagMs));
  if (waitsFor !== null) return picture.waits[waitsFor];
  return progress < 0 ? picture.applied : picture.copied(showPercent(progress));
}
