/**
 * Every error code of Godwit: what it means, the exit code of a run that it ends, whether waiting and retrying can help, and the
 * general advice. `docs/errors.md` is generated from this table (npm run docs:errors); a code is never renamed or reused.
 *
 * Exit codes: 2 configuration, 3 connection and authentication, 4 protocol, reply and replication, 5 format, 6 transform,
 * 7 checkpoint, 8 verification found differences, 9 not cut over, 70 internal, 130/143 signals.
 */
interface CodeEntry {
  exitCode: number;
  retryable: boolean;
  summary: string;
  fix: string;
}

const config = (summary: string, fix: string): CodeEntry => ({ exitCode: 2, retryable: false, summary, fix });
const connection = (summary: string, fix: string, retryable = true): CodeEntry => ({ exitCode: 3, retryable, summary, fix });
const protocol = (summary: string, fix: string, retryable = false): CodeEntry => ({ exitCode: 4, retryable, summary, fix });
const format = (summary: string, fix: string): CodeEntry => ({ exitCode: 5, retryable: false, summary, fix });
const transform = (summary: string, fix: string): CodeEntry => ({ exitCode: 6, retryable: false, summary, fix });
const cutover = (summary: string, fix: string): CodeEntry => ({ exitCode: 9, retryable: false, summary, fix });
const checkpoint = (summary: string, fix: string): CodeEntry => ({ exitCode: 7, retryable: false, summary, fix });

export const ERROR_CODES = {
  // 2: configuration
  CONFIG_UNREADABLE: config('The configuration file cannot be read.', 'Check the path and its permissions.'),
  CONFIG_SYNTAX: config('The configuration file is not valid TOML.', 'Mend the line that the message names.'),
  CONFIG_UNKNOWN_KEY: config('The configuration has a key that Godwit does not know.', 'Correct the key; `godwit explain` lists all of them.'),
  CONFIG_INVALID: config('An option has a value that it cannot take.', 'Correct the value at the place that the message names.'),
  CONFIG_MISSING: config('A required option was not given.', 'Give it as a flag, a key of the file, or an environment variable.'),
  NOT_YET: config('A setting asks for something that this version of Godwit cannot do.', 'Leave the setting out if the run makes sense without it.'),
  KEEPALIVE_TOO_LONG: config(
    "The keepalive interval asked for is longer than half of the node's timeout.",
    'Shorten keepalive.interval, or leave it out: Godwit fits it to the node.',
  ),
  SENTINEL_NAME_UNKNOWN: config('No sentinel knows a primary by the name that was given.', 'Give one of the names that the message lists.'),
  TARGET_NOT_EMPTY: config(
    'The target holds keys already, and --on-existing is fail.',
    'Empty it, or choose --on-existing replace or skip, or --flush-target.',
  ),
  FLUSH_NOT_CONFIRMED: config('--flush-target was given but not confirmed.', 'Answer the question, or add --yes.'),
  FILE_NOT_FOUND: config('There is no such file or folder.', 'Check the path or URL; relative paths count from the current folder.'),
  FILE_UNREADABLE: config('The file cannot be read.', 'Check its permissions, and that it is a file of the kind that the message names.'),
  OUTPUT_FAILED: config('The file to write cannot be written.', 'Check its folder, its permissions and the free space of the disk.'),
  // 3: connection and authentication
  CONNECT_FAILED: connection('No connection could be made.', 'Check the address, that the server runs, and the firewall between.'),
  CONNECTION_LOST: connection('The connection was closed by the other side.', "Godwit reconnects by itself; if this repeats, look at the server's log."),
  CONNECTION_DEAD: connection('The other side stopped answering.', "Godwit reconnects by itself; if this repeats, look at the network and the server's load."),
  ALERT_NOT_SENT: connection('A webhook has not taken the test alert.', 'Check its URL, and what it said.', false),
  TLS_FAILED: connection(
    'The TLS handshake failed.',
    'Check tls.ca, tls.cert, tls.key and the name in the certificate; use rediss:// only where the port speaks TLS.',
    false,
  ),
  AUTH_FAILED: connection(
    'The server refused the user name or password.',
    'Check the user and password of this side: --source-username, GODWIT_SOURCE_PASSWORD or --source-password-file; --target-username and so on.',
    false,
  ),
  AUTH_REQUIRED: connection('The server asks for a password and none was given.', 'Give the password (and the user, for ACL users) of this side.', false),
  PERMISSION_DENIED: connection(
    'The user lacks the right to a command that Godwit needs.',
    'Grant the command that the message names (ACL SETUSER <user> +<command>).',
    false,
  ),
  HTTP_FAILED: connection('The web server did not give the file.', 'Check the URL; if the message names a status of 500 or more, try again later.'),
  // 4: protocol, replies, replication
  NOT_A_REDIS_SERVER: protocol('The other side does not speak the Redis protocol.', 'Check host and port.'),
  PROTOCOL_ERROR: protocol(
    'The other side sent bytes that the protocol does not allow here.',
    'Check for a proxy that alters traffic; if none is there, report this with the log.',
    true,
  ),
  TARGET_IS_REPLICA: protocol('The target is a replica and takes no writes.', 'Give the address of its primary.'),
  WRONG_TOPOLOGY: protocol('The node is of another kind than it was given as.', 'Give the address of a node of the kind that the message names.'),
  CLUSTER_NOT_READY: protocol(
    'The cluster does not serve all slots: some have no node, or it says that it is down.',
    'Godwit waits and tries again; CLUSTER INFO and CLUSTER NODES at the nodes show what is missing.',
    true,
  ),
  DATABASE_MISSING: protocol(
    'The source uses a database that the target does not have: a cluster has database 0 only, unless it says otherwise.',
    'Give --db-map to bring its keys to another database, leave the database out, or choose a target that is no cluster.',
  ),
  SAME_SERVER: protocol('Source and target are the same server.', 'Check both addresses.'),
  PSYNC_REFUSED: protocol('The source refuses replication.', 'Grant +psync +replconf to the user; a managed service that hides PSYNC needs a scan instead.'),
  SOURCE_NOT_READY: protocol('The source cannot serve replication yet (loading, or its own primary is away).', 'Godwit waits and tries again.', true),
  POSITION_LOST: protocol(
    'The source cannot continue from the mark: its backlog no longer reaches back to it.',
    'A new full sync is needed: run with --on-lost-position resync, and raise repl-backlog-size.',
  ),
  SHARD_ADDED: protocol(
    'Slots of the source went to a shard that it did not have when the run began.',
    'Start again with the same command line: the new shard is found, and those whose slots have changed are brought anew.',
  ),
  SHARED_FLUSH: protocol(
    'One of several sources was emptied or has swapped databases (FLUSHALL, FLUSHDB, SWAPDB), and the target holds keys of the others too.',
    'Remove its keys from the target by hand, then begin that source anew: end the job with --finish, and start it with --on-existing replace.',
  ),
  TARGET_REFUSED: protocol(
    'The target answered a command with an error.',
    'Read the reply in the message; choose --on-error dead-letter to go on without such commands.',
  ),
  TARGET_NOT_READY: protocol(
    'The target cannot take writes for now (LOADING, READONLY, OOM, BUSY, NOREPLICAS, MASTERDOWN ...).',
    'Godwit waits and tries again.',
    true,
  ),
  KEY_EXISTS: protocol('A key of the source exists at the target, and --on-existing is fail.', 'Choose --on-existing replace or skip, or empty the target.'),
  VALUE_TOO_LARGE: protocol('A value is larger than the target accepts.', 'Raise proto-max-bulk-len and client-query-buffer-limit at the target.'),
  DISK_FULL: protocol('The spool has no room left.', 'Free space, or point spool.dir to a larger disk, or raise spool.max_bytes.', true),
  // 5: format
  RDB_CORRUPT: format('The snapshot is damaged or cut short.', 'Run the full sync again; if it repeats, check the source with redis-check-rdb.'),
  RDB_UNSUPPORTED: format('The snapshot holds something that this version of Godwit does not know.', 'Update Godwit, or leave the key out at the source.'),
  VALUE_NOT_REPRESENTABLE: format(
    "The target's version has no way to say a value.",
    'Use a target of a version that has it; or --on-unsupported degrade brings what the target can hold, and skip leaves such keys out (docs/conversion.md).',
  ),
  RDB_CHECKSUM: format('The checksum of the snapshot is wrong.', "Run the full sync again; if it repeats, check the source's memory and the network."),
  STREAM_CORRUPT: format('The replication stream is not what the protocol allows.', 'Report this with the log; the job can be resumed from its mark.'),
  AOF_CORRUPT: format(
    'The AOF holds something that no server writes there.',
    'Look at the place with redis-check-aof; what stands before it can be saved with redis-check-aof --fix on a copy.',
  ),
  AOF_TRUNCATED: format(
    'The AOF ends within a command or transaction.',
    'Take what is whole (aof-load-truncated yes, the default of the servers), or get the whole file.',
  ),
  JSON_CORRUPT: format(
    'The file is not what an export to jsonl or json writes.',
    'Mend the line that the message names (docs/export.md has the format) and load the file under another name of the job (--job); --on-error dead-letter leaves such lines out.',
  ),
  AOF_MANIFEST_INVALID: format(
    'The manifest of a multi-part AOF is not what a server writes.',
    'Mend the line that the message names, or take a copy of the folder that is whole.',
  ),
  AOF_TOO_LATE: format('The AOF begins later than the time that was asked for.', 'Take an older backup: the state of that time is not in this one.'),
  FILE_FORMAT_UNKNOWN: format(
    'The file is of no format that Godwit reads.',
    'Give an RDB file, an AOF, an AOF folder or manifest, or an export as jsonl, json, resp or aof; plain, .gz or .lz4.',
  ),
  COMMANDS_NOT_EXPORTABLE: format(
    'The file holds commands behind its snapshot, or only commands, and the format that was asked for takes values.',
    'Export to resp, aof or cmd, which pass commands on; or load the file into a server (`godwit load`) and export from that.',
  ),
  COMMANDS_NOT_COUNTED: format(
    'The file holds commands behind its snapshot, or only commands, and what is to be counted is what they come to.',
    'Load the file into a server (`godwit load`) and inspect that, or let its server rewrite the AOF first (BGREWRITEAOF); --snapshot-only counts the snapshot alone.',
  ),
  FILE_DAMAGED: format('The compressed file is damaged or cut short.', 'Get the file again; test it with gzip -t or lz4 -t.'),
  FILE_CHANGED: format('The file has become another one while it was read.', 'Begin anew; copy the file first if it is replaced while Godwit reads it.'),
  // 6: filter and transform
  COMMAND_UNDECIDED: transform(
    'The rules of the filter or the transform do not tell what to do with a command of the stream.',
    'Block the command by name, or choose what happens to such commands (docs/filters.md, docs/transforms.md).',
  ),
  TRANSFORM_INVALID: transform(
    'A function or module that transforms entries cannot be loaded.',
    'Mend it at the place that the message names (docs/functions.md).',
  ),
  TRANSFORM_FAILED: transform(
    'A function or module that transforms entries failed on one of them.',
    'Mend it at the place that the message names; choose --on-error dead-letter to go on without such entries.',
  ),
  // 7: checkpoint
  FENCED: checkpoint(
    'Another Godwit has taken over this job; this one has stopped and writes nothing more.',
    'Let one of them run; use --job to name separate jobs.',
  ),
  MARK_INVALID: checkpoint(
    'The mark of this job in the target cannot be understood.',
    'It was written by another version or damaged: `godwit sync --finish` removes it, then start anew.',
  ),
  NOTHING_TO_FINISH: checkpoint(
    'The target has no mark of the job that --finish was asked for.',
    'Give the addresses (or --job) that the job began with; the message names the jobs that the target has marks of.',
  ),
  JOB_UNFINISHED: checkpoint(
    'The job that --finish was asked for has not brought everything to the target yet.',
    'Let it run to its end first, or add --yes to give it up: a new run begins anew then.',
  ),
  NOT_NOW: checkpoint('The running job cannot do now what it was asked for over HTTP.', 'The message says why; ask again when that is over.'),
  JOB_CUT_OVER: checkpoint(
    'The clients of this job were switched to its target, and a sync from there back to its source has begun: both together would copy in a circle.',
    'Go on with the sync back (the sides exchanged, --job as the message names it), go back with `godwit cutover --back`, or end the sync back with --finish first.',
  ),
  SPOOL_FAILED: checkpoint('The spool directory cannot be used.', 'Check spool.dir, its permissions and its disk.'),
  // 8: verification
  VERIFY_DIFFERENCES: {
    exitCode: 8,
    retryable: false,
    summary: 'Source and target are not equal.',
    fix: 'The report says which keys differ, and where (docs/verify.md says what can be the reason).',
  },
  // 9: cut-over
  CUTOVER_REFUSED: cutover(
    'Something stands in the way of the cut-over; no writes were stopped.',
    'Mend what the message names, and give the same command line again; --dry-run shows whether it would go.',
  ),
  CUTOVER_UNDONE: cutover(
    'The cut-over was given up; writes go on at the source, and nothing is lost.',
    'Mend what the message names, and give the same command line again; see that no client was switched.',
  ),
  // 70
  INTERNAL: { exitCode: 70, retryable: false, summary: 'A defect of Godwit.', fix: 'Please report it with the log; the job can be resumed from its mark.' },
} as const satisfies Record<string, CodeEntry>;

export type ErrorCode = keyof typeof ERROR_CODES;
