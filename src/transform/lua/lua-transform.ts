/**
 * The transform of a Lua function, as RedisShake has them: the script runs once per command and calls shake.call for each command that is to be applied.
 *
 * One state of Lua per transform, and one transform per pipeline: globals that a script sets keep their values from entry to entry in the order of the source.
 * If the state is lost (a limit hit where Lua cannot be stopped in order) the script begins anew with the next entry, its globals unset.
 */
import { GodwitError } from '../../errors/errors.ts';
import type { CommandRows, Expansion, TransformEngine, TransformFailure } from '../transform-engine.ts';
import type { TransformOutput } from '../transform-output.ts';
import { CurrentEntry } from './current-entry.ts';
import { MachineBroken } from './lua-machine.ts';
import { LuaScript, type ScriptHost, type ScriptLimits } from './lua-script.ts';
import { lookAtScript, type ScriptLook } from './script-look.ts';

const MIB = 1024 * 1024;

export interface LuaTransformOptions extends Partial<ScriptLimits>, Partial<ScriptHost> {
  readonly source: string;
  /** For messages: `function`, or the name of a file. */
  readonly name?: string;
}

export class LuaTransform implements TransformEngine {
  readonly expansion: Expansion;
  /** How often the script was begun anew. */
  restarts = 0;
  private readonly source: Uint8Array;
  private readonly name: string;
  private readonly look: ScriptLook;
  private readonly host: ScriptHost;
  private readonly limits: ScriptLimits;
  private readonly entry = new CurrentEntry();
  private script: LuaScript | undefined;

  /** @throws TRANSFORM_INVALID for a script that is empty or no Lua */
  constructor({ source, name = 'function', ...options }: LuaTransformOptions) {
    if (source.trim() === '') throw new GodwitError('TRANSFORM_INVALID', `${name} is empty, so that it would drop everything`);
    this.source = Buffer.from(source, 'utf8');
    this.name = name;
    this.look = lookAtScript(Buffer.from(this.source).toString('latin1'));
    this.expansion = this.look.expansion;
    this.host = { log: options.log ?? (() => {}), nowMs: options.nowMs ?? Date.now, clockMs: options.clockMs ?? (() => performance.now()) };
    this.limits = {
      memoryBytesMax: options.memoryBytesMax ?? 256 * MIB,
      callMsMax: options.callMsMax ?? 1000,
      outputBytesMax: options.outputBytesMax ?? 512 * MIB,
    };
    this.script = this.load();
  }

  run(rows: CommandRows, from: number, output: TransformOutput): TransformFailure | undefined {
    const { entry } = this;
    for (let row = from; row < rows.count; row++) {
      if (!entry.take(rows, row, output)) return { row, message: 'the row is no command', line: undefined, functionName: undefined };
      this.script ??= this.load();
      const problem = this.runScript(this.script);
      if (problem !== undefined) return this.failure(row, problem);
    }
    return undefined;
  }

  private load(): LuaScript {
    return new LuaScript(this.source, this.name, this.look, this.entry, this.host, this.limits);
  }

  private runScript(script: LuaScript): string | undefined {
    try {
      return script.run();
    } catch (error) {
      this.script = undefined;
      this.restarts++;
      script.place.forget();
      if (error instanceof MachineBroken) return `${this.name}: ${error.message}, and begins anew`;
      if (error instanceof RangeError) return `${this.name}: calls nested too deep, and begins anew`;
      throw error;
    }
  }

  private failure(row: number, problem: string): TransformFailure {
    this.entry.takeBack();
    const place = this.script?.place;
    const [line, functionName] = [place?.line, place?.functionName];
    place?.forget();
    const inFunction = functionName === undefined ? '' : ` (in ${functionName})`;
    const atLine = line === undefined || problem.startsWith(`${this.name}:${line}:`) ? '' : ` (line ${line})`;
    return { row, message: problem + atLine + inFunction, line, functionName };
  }
}
