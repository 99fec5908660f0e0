/** The text of docs/from-redisshake.md, and of its twins in other languages: what is said once, and a table per section from the table of RedisShake's keys. */
import { isNotYet } from '../src/config/not-yet.ts';
import { findOption } from '../src/config/schema.ts';
import type { ShakeKey } from '../src/config/shake/shake-key.ts';
import { SHAKE_KEYS, SHAKE_SECTIONS } from '../src/config/shake/shake-keys.ts';

const HEAD = `# From RedisShake
[中文](from-redisshake.zh-CN.md)

\`godwit shake.toml\` does what \`redis-shake shake.toml\` does, with the same file.

\`\`\`sh
godwit explain shake.toml                              # what becomes of each key, what differs, what is refused
godwit shake.toml                                      # run it; --strict makes a mistyped key an error
godwit migrate-config shake.toml --out godwit.toml     # the same in Godwit's words, for godwit run godwit.toml
SYNC=true SHAKE_SRC_ADDRESS=a:6379 SHAKE_DST_ADDRESS=b:6379 godwit run --from-env
\`\`\`

A file is RedisShake's if it has a section of a reader or writer. It is one of the layers of [configuration.md](configuration.md): every flag and \`GODWIT_\` variable
counts before it (\`godwit shake.toml --on-existing skip\`), and \`--config shake.toml\` works with \`godwit explain\`, and with \`sync\`, \`scan\` or \`load\` where that is what it describes.

## Readers and writers
| | \`redis_writer\` | \`file_writer\` |
| --- | --- | --- |
| \`sync_reader\` | \`godwit sync\` | \`godwit export\`, with \`sync_aof = false\`; to follow what changes is not yet there |
| \`scan_reader\` | \`godwit scan\` | \`godwit export\`, with \`ksn = false\` |
| \`rdb_reader\` | \`godwit load\` | \`godwit export\` |
| \`aof_reader\` | \`godwit load\` | \`godwit export\` |

Of several readers the first of this order counts, and a \`file_writer\` before a \`redis_writer\`, as in RedisShake; a warning names the others. A job of the kind that is not yet
there, and a setting that nothing acts on yet, are refused with \`NOT_YET\` and their line, and never passed over: **not yet** stands beside them below. Where the source of a
\`scan_reader\` allows PSYNC, \`godwit shake.toml --run-kind sync\` is exact, ordered and cheaper for the source ([scan.md](scan.md) says what a scan guarantees).

## How the file is read
- **Keys** in any case. One that is not known is passed over, as in RedisShake, with a warning that has its line and the nearest name; with \`--strict\` it is an error.
- **Values** as RedisShake reads them: \`"true"\`, \`"1"\` and \`1\` for \`true\`; \`"6479"\`, \`"0x10"\` for numbers; a bare number for a text; one value for a list, and a text
  with commas. What cannot be read so is an error with its line.
- **Words** (\`rdb_restore_command_behavior\`, \`log_level\`, \`type\`) that are mistyped are refused with the nearest one. RedisShake takes any other restore behaviour for skip.
- **Variables**: \`\${NAME}\`, and \`\${NAME:-default}\` where it is not set or empty. Nothing else is: a \`$\` in a password is a \`$\`, while RedisShake 4.2 takes \`$x\` out of the file. A
  \`\${NAME}\` that is not set stays as it is, with a warning; so does \`$NAME\` where NAME is set. Comments are left alone. Within double quotes a value is taken as it is, whatever it holds; RedisShake puts it in as
  text, so that a quote or backslash in it breaks the file.
- **Paths**: RedisShake goes into \`advanced.dir\` first, and relative paths count from there. So they do here; a file to be read that is not there is looked for in the working
  directory. \`migrate-config\` writes absolute paths.
- **TLS**: without \`tls_config.ca_cert\` RedisShake checks no certificate, and nor does Godwit with its file. Name one, and it is checked. \`godwit.toml\` checks unless told otherwise.

## What is other
- **It goes on.** A lost connection, a restarted server and a killed Godwit are no end: the same command line goes on where it was, each change applied once. For that the target
  holds a key \`__godwit:<job>\` (a cluster a few, \`__godwit:<job>:{...}\`), which a comparison of \`DBSIZE\` counts; \`godwit shake.toml --finish\` removes it when all is done. A load of a file that is loaded already loads nothing again.
- **Transactions** stay whole. Scores, streams, expiry and times of use are kept ([conversion.md](conversion.md)); a key that expires on the way may stay for up to an hour (the readme says
  when).
- **An error reply** of the target ends the run with its code, or goes to a file with \`--on-error dead-letter\`. OOM, LOADING and the like are waited for ([refusals.md](refusals.md)).
- **Exit codes** tell the kind of error ([errors.md](errors.md)); SIGINT and SIGTERM drain, and end with 130 and 143, a second one at once.
- **The log** is JSON lines on standard output and in \`log_file\`; on a terminal there is a live view, and its log in the file.
- **The status** at \`/\` has RedisShake's keys; what more there is, is at \`/status\` and \`/metrics\` ([status.md](status.md)). \`consistent\` counts what waits in Godwit too. Reading asks for no password, changes for a
  token.
- **What is compared**: \`test/e2e/redisshake/README.md\` has RedisShake's own test cases, row by row, with the test here.
- **Passwords** are hidden in log, status and messages.

## The container's variables
\`godwit run --from-env\` takes those of RedisShake's image, and those that charts and forks have added: \`SYNC=true\` or \`SCAN=true\`, \`SHAKE_SRC_ADDRESS\`,
\`SHAKE_DST_ADDRESS\`, and for both sides \`_USERNAME\`, \`_PASSWORD\`, \`_TLS\`, \`_CLUSTER\`, and \`SHAKE_DST_OFF_REPLY\`. An empty one is not given. What else there is to say has a
\`GODWIT_\` variable. The image, a compose file and a Helm chart: [container.md](container.md).

## Key by key
An empty default is nothing. What a key *becomes* is a key of \`godwit.toml\`.`;

/** What a page says in its language. */
export interface ShakePageWords {
  readonly head: string;
  /** Of the tables: key, type, default, becomes, what differs. */
  readonly columns: readonly string[];
  /** Behind what it becomes. */
  readonly notYet: string;
  /** Of words of a list. */
  readonly between: string;
  type(name: string): string;
  becomes(text: string): string;
  note(text: string): string;
}

export const ENGLISH: ShakePageWords = {
  head: HEAD,
  columns: ['Key', 'Type', 'Default', 'Becomes', 'What differs'],
  notYet: ' (**not yet**)',
  between: ', ',
  type: (name) => name,
  becomes: (text) => text,
  note: (text) => text,
};

type Table = (head: readonly string[], rows: readonly (readonly string[])[]) => string;

export function shakePage(words: ShakePageWords, generated: string, table: Table): string {
  const parts = [`${generated}\n${words.head}`];
  for (const section of SHAKE_SECTIONS) {
    const rows = SHAKE_KEYS.filter((row) => row.section === section).map((row) => keyRow(row, words));
    parts.push(`### \`[${section}]\``, table(words.columns, rows));
  }
  return `${parts.join('\n\n')}\n`;
}

function keyRow(row: ShakeKey, words: ShakePageWords): string[] {
  const settings = [...row.becomes.matchAll(/`([a-z_]+\.[a-z_.]+)`/g)].map(([, key = '']) => findOption(key)).filter((option) => option !== undefined);
  const missing = settings.length > 0 && settings.every((option) => isNotYet(option));
  const type = row.words === undefined ? words.type(row.type) : row.words.join(words.between);
  const shown = row.fallback === '' ? '' : `\`${JSON.stringify(row.fallback)}\``;
  return [`\`${row.key}\``, type, shown, `${words.becomes(row.becomes)}${missing ? words.notYet : ''}`, row.note === undefined ? '' : words.note(row.note)];
}
