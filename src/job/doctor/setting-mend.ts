/** The command that changes a setting, as it is made where the server is. */
import type { Mend } from '../../observe/finding.ts';
import type { NodeSurvey } from './node-survey.ts';

/** @param value as it stands in a configuration; with spaces it is quoted */
export function settingMend(node: Pick<NodeSurvey, 'service' | 'name' | 'endpoint'>, name: string, value: string | number): Mend {
  const { service } = node;
  if (service !== null) return { kind: 'service', at: node.name, command: service.setting(name, String(value), node.endpoint.host) };
  const text = String(value);
  return { kind: 'server', at: node.name, command: `CONFIG SET ${name} ${/[\s"]/.test(text) || text === '' ? JSON.stringify(text) : text}` };
}

/** @param flags of the command line of the job */
export function optionMend(flags: string): Mend {
  return { kind: 'option', at: 'here', command: flags };
}
