/** Files with every key of RedisShake at its default, as people begin with them, section by section, for tests that put them together. */
export const SAMPLE_READERS = {
  sync_reader: `[sync_reader]
cluster = false
address = "127.0.0.1:6379"
username = ""
password = ""
tls = false
sync_rdb = true
sync_aof = true
prefer_replica = false
try_diskless = false
`,
  scan_reader: `[scan_reader]
cluster = false
address = "127.0.0.1:6379"
username = ""
password = ""
tls = false
dbs = []
scan = true
ksn = false
count = 1
`,
  rdb_reader: `[rdb_reader]
filepath = "/tmp/dump.rdb"
`,
  aof_reader: `[aof_reader]
filepath = "/tmp/appendonly.aof.manifest"
timestamp = 0
`,
} as const;

export const SAMPLE_WRITERS = {
  redis_writer: `[redis_writer]
cluster = false
sentinel = false
master = ""
address = "127.0.0.1:6380"
username = ""
password = ""
tls = false
off_reply = false
`,
  file_writer: `[file_writer]
filepath = "/tmp/cmd.txt"
type = "cmd"
`,
} as const;

export const SAMPLE_REST = `[filter]
allow_keys = []
allow_key_prefix = []
allow_key_suffix = []
allow_key_regex = []
block_keys = []
block_key_prefix = []
block_key_suffix = []
block_key_regex = []
allow_db = []
block_db = []
allow_command = []
block_command = []
allow_command_group = []
block_command_group = []
function = ""

[advanced]
dir = "data"
ncpu = 0
pprof_port = 0
status_port = 0
log_file = "shake.log"
log_level = "info"
log_interval = 5
log_rotation = true
log_max_size = 512
log_max_age = 7
log_max_backups = 3
log_compress = true
rdb_restore_command_behavior = "panic"
pipeline_count_limit = 1024
target_redis_client_max_querybuf_len = 1073741824
target_redis_proto_max_bulk_len = 512_000_000
target_redis_max_qps = 300000
aws_psync = ""
empty_db_before_sync = false

[module]
target_mbbloom_version = 20603
`;
