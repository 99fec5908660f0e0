/**
 * The notes and the words of `becomes` of RedisShake's keys (src/config/shake) in Chinese, by their English text: who changes that is told by the test of the
 * generated pages to change this too.
 */

export const SHAKE_NOTES_ZH: Readonly<Record<string, string>> = {
  'Without a password it is not used, as in RedisShake.': '没有密码时不使用，与 RedisShake 相同。',
  'The certificate of the server is checked if tls_config.ca_cert names who to trust, and not otherwise, as in RedisShake: name one.':
    '只有 tls_config.ca_cert 指明信任哪个 CA 时才校验服务器证书，否则不校验，与 RedisShake 相同：请指明一个。',
  'Has no effect unless tls is true, as in RedisShake.': 'tls 不为 true 时不起作用，与 RedisShake 相同。',
  'false is stop_after = "full-sync": what is written while the full sync runs is not applied, as in RedisShake.':
    'false 即 `stop_after = "full-sync"`：全量同步期间写入的内容不会应用到目标端，与 RedisShake 相同。',
  'A snapshot is taken with or without a disk of the source, as it sends it.': '源端无论以落盘还是无盘方式发送快照，都照样接收。',
  '1, the default of RedisShake, is auto.': 'RedisShake 的默认值 1 视为 auto。',
  'Also .gz, an http(s) URL, or - for standard input.': '也可以是 .gz、http(s) URL，或表示标准输入的 `-`。',
  'A file, a manifest or its folder. The documents of RedisShake call the key aoffilepath, which it does not read; here both are.':
    'AOF 文件、manifest 或其所在目录。RedisShake 的文档把这个键写作 aoffilepath，程序却不读取它；这里两者都可用。',
  'Unix seconds; 0 is all. A base that is later than the time is refused (AOF_TOO_LATE); RedisShake replays it.':
    'Unix 秒；0 表示全部。若 base 文件晚于该时间，则拒绝运行（AOF_TOO_LATE）；RedisShake 会照样回放。',
  'The form of 4.2; newer files have the table [redis_writer.sentinel].': '4.2 的写法；较新的文件使用 `[redis_writer.sentinel]` 表。',
  'The form of 4.2.': '4.2 的写法。',
  'The file gets its name when it is whole.': '文件写完整之后才会得到这个名字。',
  'cmd is quoted, cmd and aof have SELECT, json is one object per key (docs/export.md) and takes no commands of an AOF; there is no PING in the file.':
    'cmd 带引号转义，cmd 与 aof 含 SELECT；每个键在 json 中是一个对象（[export.md](export.md)），不接受 AOF 中的命令；文件中没有 PING。',
  'Each job has a folder in it. Relative paths of other keys count from dir, as in RedisShake; those of files to be read from the working directory if there is nothing.':
    '每个作业在其中有一个目录。其他键的相对路径从 dir 算起，与 RedisShake 相同；要读取的文件若不在那里，则从工作目录算起。',
  'How many processors are used follows from the job.': '使用多少个 CPU 由作业本身决定。',
  'Profiles of a Go program; for Node.js there is NODE_OPTIONS=--cpu-prof.': '用于 Go 程序的性能剖析；Node.js 可用 `NODE_OPTIONS=--cpu-prof`。',
  'Listens on all interfaces and asks for no password to read, as in RedisShake; without shake.toml on 127.0.0.1 alone. Changes ask for a token. An export has no status.':
    '监听所有网络接口，读取不需要密码，与 RedisShake 相同；不用 shake.toml 时只监听 127.0.0.1。更改需要令牌。导出没有状态端口。',
  'notify-keyspace-events of the source is set where it lacks something and that is granted, and put back at the end; RedisShake leaves it to you.':
    '源端的 notify-keyspace-events 若有缺失且有权限，会自动设置，结束时恢复原值；RedisShake 需要自行设置。',
  'Of a cluster, and of what sentinels name. For one server alone it has no effect, which is told: give the address of the replica.':
    '用于集群以及哨兵所指的服务器。对单台服务器不起作用，运行时会提示：请直接写从节点的地址。',
  'JSON lines, as in RedisShake, with other fields. An export has no log.': '与 RedisShake 一样是 JSON 行，但字段不同。导出没有日志。',
  'Seconds; 0 or less is off.': '单位为秒；0 或负数表示关闭。',
  'panic is fail: a target that holds keys is refused before anything is written. A mistyped word is refused; in RedisShake it skips.':
    'panic 即 fail：目标端已有键时，在写入任何内容之前就拒绝。写错的值会被拒绝；在 RedisShake 中则等同于 skip。',
  'What is under way is limited by bytes, not by commands.': '在途数据按字节数限制，而不是按命令数。',
  'Godwit keeps far below the default, so that this or more needs nothing.': 'Godwit 的用量远低于默认值，因此等于或高于默认值时无需设置。',
  'The target is asked for its own limit. 0, which RedisShake needs for an older target, needs nothing: what the target does not know is encoded anew.':
    '直接向目标端查询其自身的上限。RedisShake 面对旧版本目标端需要设为 0，这里无需设置：目标端不认识的编码会重新编码。',
  'The default is no limit; 300000, which RedisShake cannot go beyond, is read as that default.': '默认不限速；300000 是 RedisShake 无法超过的值，视为默认值。',
  'The target is emptied without a question, as in RedisShake. A run that is resumed does not empty it again.':
    '不经询问即清空目标端，与 RedisShake 相同。续传时不会再次清空。',
  'Was proposed for RedisShake and is in no release of it.': '曾有人向 RedisShake 提议，但从未进入任何发行版。',
  'Values of modules go as the source dumps them.': '模块类型的值按源端 DUMP 的结果原样传输。',
  'Commands of which only some keys pass are split where that is exact, and dropped else, as in RedisShake.':
    '命令中只有部分键通过时，能够精确拆分的就拆分，否则丢弃，与 RedisShake 相同。',
  'An error in it stops the job; --on-error dead-letter goes on behind the command. docs/functions.md says what differs.':
    '函数出错会使作业停止；加 `--on-error dead-letter` 则从该命令之后继续。不同之处见 [functions.md](functions.md)。',
  'With false the source is asked for its snapshot all the same, which says from where on to follow; its values are dropped. A target that holds keys is taken as it is.':
    '设为 false 时仍会向源端请求快照，以得知从何处开始跟随，其中的值则丢弃。目标端已有的键保持原样。',
  'Replies are read all the same: exactly-once rests on them, and nothing waits for each of them. What the target refuses, which nobody would see, is written to the dead-letter file, and the job goes on.':
    '回复仍会读取：恰好一次依赖于它们，而且并不逐条等待。目标端拒绝的命令本来无人知晓，这里写入死信文件，作业继续运行。',
};

/** Where it is more than names of settings. */
export const SHAKE_BECOMES_ZH: Readonly<Record<string, string>> = {
  '`source.address`, or `source.sentinel.address`': '`source.address` 或 `source.sentinel.address`',
  '`target.address`, or `target.sentinel.address`': '`target.address` 或 `target.sentinel.address`',
  '`sync.stop_after`; with a file_writer `export.follow`': '`sync.stop_after`；配合 file_writer 时为 `export.follow`',
  '`scan.full`; with a file_writer `export.scan`': '`scan.full`；配合 file_writer 时为 `export.scan`',
  'nothing to set': '无需设置',
  '`target.sentinel.address` from `address`': '由 `address` 得到 `target.sentinel.address`',
  'whether the next four count': '决定以下四项是否生效',
};
