/** docs/doctor.md, from the registry of checks and that of managed services. */
import { CHECKS, LIGHT_CHECKS } from '../src/job/doctor/checks.ts';
import type { Check } from '../src/job/doctor/doctor-scene.ts';
import { MANAGED_SERVICES } from '../src/job/doctor/managed-service.ts';

const HEAD = `\`godwit doctor\` looks at both sides before a job: what would stop it, what would make it stumble, why, and the exact command that mends it.

\`\`\`sh
godwit doctor redis://10.0.0.1 redis://10.0.0.2            # before godwit sync with the same words
godwit doctor 10.0.0.1 10.0.0.2 --scan --notifications     # before godwit scan
godwit doctor dump.rdb 10.0.0.2                            # before godwit load
godwit doctor --config godwit.toml                         # what the file describes
godwit doctor shake.toml                                   # before godwit run shake.toml
\`\`\`

It takes the same options, file and variables as the job. It connects as the job would, once, without waiting for what is away; asks every server what it says of itself; watches for a
second how much is written; and has each check look. A good pair takes about a second and a half, and the report is one short table. What is not as it should be follows with what was
measured, why it matters, and what mends it.

| Exit code | |
| --- | --- |
| 0 | nothing to mend: all is \`ok\`, or \`info\` |
| 1 | warnings: the job runs, and may stumble |
| 9 | errors: the job does not start, or does not get through |
| 2 | the configuration is wrong: a line on standard error says how |

**Nothing is written to either side.** Commands are tried in forms that do nothing: reading a key that is not there, PSYNC with replies pending, writing commands between MULTI and DISCARD,
ACL DRYRUN where that is granted. Folders that are made to try the spool are removed. A user with just the rights of [rights.md](rights.md) is enough; what then cannot be looked at is said.

\`CONFIG SET\` lasts until the server is started again; \`CONFIG REWRITE\` keeps it. At a managed service the command is that of its own tool.`;

const ESTIMATE = `## What is taken for granted
A full sync is not there to be measured before it begins. What the source saves and sends is reckoned at 50 MiB/s of its memory, what each node of the target takes at 25 MiB/s (or
\`--rate-bytes\`), which is slower than what [bench/RESULTS.md](../bench/RESULTS.md) has; a break is to be bridged for 2 minutes at least. The rate of writes is that of one second: look
when the source is busy, or for longer (\`--watch 10m\`). Where the source keeps no backlog yet (no replica was ever there), it is what its clients send, in the share of writing commands.`;

const JSON_HEAD = `## As JSON
\`--json\` writes one document. Times are Unix milliseconds, sizes are bytes, -1 is unknown.

| Field | Meaning |
| --- | --- |
| \`version\`, \`kind\`, \`job\` | of Godwit; \`sync\`, \`scan\` or \`load\`; name of the job |
| \`at\`, \`tookMs\` | when it began, and how long it took |
| \`severity\`, \`counts\` | the worst of all findings: \`ok\`, \`info\`, \`warn\` or \`error\`; how many there are of each |
| \`source[]\`, \`target[]\` | servers that were reached: \`address\`, \`server\`, \`service\` (id of a managed service, or null), \`keys\`, \`dataBytes\` (keys and values in memory), \`writeBytesPerSecond\`, \`commandsPerSecond\`, \`roundTripMs\` |
| \`checks[]\` | in the order of this page: \`id\`, \`title\`, \`group\`, \`severity\`, \`findings\`; without findings there was nothing to look at |
| \`checks[].findings[].check\`, \`severity\`, \`where\` | id of the check; \`where\` is \`source host:port\`, \`target host:port\`, \`both sides\` or \`here\` |
| \`checks[].findings[].measured\`, \`why\` | as sentences; \`why\` is empty where all is well |
| \`checks[].findings[].mends[]\` | the best first: \`kind\` is \`server\` (a command for the server \`at\`), \`option\` (words to add to the command line of the job), \`shell\` (a line for the machine \`at\`) or \`service\` (for the machine that manages the service); \`command\` |`;

/** The text of docs/doctor.md. */
export function doctorPage(generated: string, table: (head: readonly string[], rows: readonly (readonly string[])[]) => string): string {
  const groups = [...new Set(CHECKS.map(({ group }) => group))];
  const services = MANAGED_SERVICES.map(({ name, signs, limits }) => [name, signs, `${limits.join('. ')}.`]);
  const parts = [
    `${generated}\n# The doctor`,
    HEAD,
    '## Checks',
    ...groups.map((group) => table([`${group}`, 'Looks at', 'When it speaks', 'What mends it'], CHECKS.filter((check) => check.group === group).map(row))),
    ESTIMATE,
    '## While a job runs',
    `A sync and a scan repeat ${LIGHT_CHECKS.map(({ id }) => `\`${id}\``).join(', ')} every minute (\`doctor.interval\`; 0 is never), over connections of their own at the target, made for that and closed again. ` +
      'A finding that appears or gets worse is an event and a line of the log, `doctor.found`; when it is gone, `doctor.gone`. What is open is in `findings` of the [status](status.md). ' +
      'The backlog is held against what was written in the last minute, and against a break of 2 minutes.',
    '## Managed services',
    'Known by these signs; what is hidden is found by trying at every server. The signs and limits are from what the services document: they were tried here with servers that pretend, not with the services.',
    table(['Service', 'Signs', 'Limits'], services),
    JSON_HEAD,
  ];
  return `${parts.join('\n\n')}\n`;
}

function row({ id, title, looksAt, severities, mends, kinds }: Check): string[] {
  const only = kinds.length === 3 ? '' : ` (${kinds.join(', ')})`;
  return [`**${title}** \`${id}\`${only}`, looksAt, severities, mends];
}
