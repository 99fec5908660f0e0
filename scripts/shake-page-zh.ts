/** What docs/from-redisshake.zh-CN.md says once, and its words for the tables; shake-page.ts has the English. */
import { SHAKE_BECOMES_ZH, SHAKE_NOTES_ZH } from './shake-notes-zh.ts';
import type { ShakePageWords } from './shake-page.ts';

const HEAD = `# 从 RedisShake 迁移
[English](from-redisshake.md)

\`godwit shake.toml\` 与 \`redis-shake shake.toml\` 做同样的事，配置文件原样可用。

\`\`\`sh
godwit explain shake.toml                              # 每个键变成什么、有何不同、哪些会被拒绝
godwit shake.toml                                      # 运行；加 --strict 时，写错的键是错误而不是警告
godwit migrate-config shake.toml --out godwit.toml     # 写成 Godwit 自己的配置，供 godwit run godwit.toml 使用
SYNC=true SHAKE_SRC_ADDRESS=a:6379 SHAKE_DST_ADDRESS=b:6379 godwit run --from-env
\`\`\`

文件中只要有任意一个 reader 或 writer 的段，就被视为 RedisShake 的配置。它是 [configuration.md](configuration.md) 所述各层中的一层：任何命令行选项与 \`GODWIT_\` 变量都优先于它
（\`godwit shake.toml --on-existing skip\`）。\`--config shake.toml\` 可用于 \`godwit explain\`；若文件描述的正是同步、扫描或加载，也可用于 \`sync\`、\`scan\` 或 \`load\`。

## Reader 与 writer
| | \`redis_writer\` | \`file_writer\` |
| --- | --- | --- |
| \`sync_reader\` | \`godwit sync\` | \`godwit export\`，须设 \`sync_aof = false\`；导出之后继续跟随变更尚未支持 |
| \`scan_reader\` | \`godwit scan\` | \`godwit export\`，须设 \`ksn = false\` |
| \`rdb_reader\` | \`godwit load\` | \`godwit export\` |
| \`aof_reader\` | \`godwit load\` | \`godwit export\` |

写了多个 reader 时，与 RedisShake 一样按上表的顺序取第一个，\`file_writer\` 优先于 \`redis_writer\`；其余的会在警告中列出。尚未支持的作业类型，以及目前还没有任何作用的设置，
都会以 \`NOT_YET\` 和所在行号拒绝，绝不会被悄悄忽略：下文中这些项都标有**尚未支持**。若 \`scan_reader\` 的源端允许 PSYNC，\`godwit shake.toml --run-kind sync\` 更精确、保持顺序，对源端的开销也更小（扫描能保证什么，见 [scan.md](scan.md)）。

## 文件如何读取
- **键名**不区分大小写。未知的键与 RedisShake 一样被跳过，但会给出带行号和最相近名称的警告；加 \`--strict\` 时是错误。
- **值**按 RedisShake 的宽松规则读取：\`"true"\`、\`"1"\` 与 \`1\` 都是 \`true\`；\`"6479"\`、\`"0x10"\` 可作数字；不带引号的数字可作文本；单个值可作列表，带逗号的文本也可作列表。
  无法这样读取的值是错误，并给出行号。
- **枚举值**（\`rdb_restore_command_behavior\`、\`log_level\`、\`type\`）写错时会被拒绝，并提示最相近的值。RedisShake 会把任何不认识的 restore 行为当作 skip。
- **变量**：\`\${NAME}\`，以及未设置或为空时取默认值的 \`\${NAME:-default}\`。除此之外一律不展开：密码中的 \`$\` 就是 \`$\`，而 RedisShake 4.2 会把文件中的 \`$x\` 也当作变量替换掉。
  未设置的 \`\${NAME}\` 保持原样并给出警告；NAME 已设置而写成 \`$NAME\` 时也是如此。注释不受影响。双引号内的变量值无论包含什么都原样取用；RedisShake 则是直接拼进文本，
  值中若有引号或反斜杠，文件就会损坏。
- **路径**：RedisShake 先进入 \`advanced.dir\`，相对路径从那里算起，这里也一样；要读取的文件若不在那里，会再到工作目录中查找。\`migrate-config\` 写出的是绝对路径。
- **TLS**：没有 \`tls_config.ca_cert\` 时 RedisShake 不校验证书，Godwit 读取它的文件时也不校验。写明 CA 就会校验。\`godwit.toml\` 则默认校验，除非明确关闭。

## 行为上的不同
- **能够继续。** 连接中断、服务器重启、Godwit 被杀都不意味着从头再来：再次运行同一条命令即从断点继续，每个变更恰好执行一次。为此目标端保存一个键 \`__godwit:<job>\`（集群中有几个，\`__godwit:<job>:{...}\`），比较 \`DBSIZE\` 时会计入；
  全部完成后用 \`godwit shake.toml --finish\` 删除它。已加载完的文件再次加载时什么也不做。
- **事务**保持完整。有序集合的分值、流、过期时间与访问时间都得到保留（[conversion.md](conversion.md)）；途中过期的键最多可能多留一小时（README 说明了何时会这样）。
- **错误回复**：目标端返回的错误会使运行以相应的错误码结束；加 \`--on-error dead-letter\` 时则写入死信文件。OOM、LOADING 之类的状态会等待其恢复（[refusals.md](refusals.md)）。
- **退出码**说明错误的种类（[errors.md](errors.md)）；SIGINT 与 SIGTERM 会先收尾，再以 130 与 143 结束，第二次信号则立即结束。
- **日志**以 JSON 行写到标准输出与 \`log_file\`；在终端上显示实时视图，日志则写入文件。
- **状态**：\`/\` 返回 RedisShake 的字段，更多内容在 \`/status\` 与 \`/metrics\`（[status.md](status.md)）。\`consistent\` 也计入在 Godwit 中等待的数据。读取不需要密码，更改需要令牌。
- **对照了什么**：\`test/e2e/redisshake/README.md\` 逐行列出 RedisShake 自己的测试用例，以及这里对应的测试。
- **密码**在日志、状态与各种消息中一律隐藏。

## 容器的环境变量
\`godwit run --from-env\` 读取 RedisShake 镜像的环境变量，以及各类 chart 与分支增加的变量：\`SYNC=true\` 或 \`SCAN=true\`、\`SHAKE_SRC_ADDRESS\`、\`SHAKE_DST_ADDRESS\`，
两端各自的 \`_USERNAME\`、\`_PASSWORD\`、\`_TLS\`、\`_CLUSTER\`，以及 \`SHAKE_DST_OFF_REPLY\`。空值等于未设置。其他设置都有对应的 \`GODWIT_\` 变量。镜像、compose 文件与 Helm chart 见
[container.md](container.md)。

## 逐项对照
默认值为空表示没有默认值。“变成”一列是 \`godwit.toml\` 中的键。`;

const TYPES: Readonly<Record<string, string>> = {
  boolean: '布尔',
  integer: '整数',
  text: '文本',
  secret: '机密文本',
  texts: '文本列表',
  integers: '整数列表',
};

const CODE_LIST = /^`[^`]+`(, `[^`]+`)*$/;

export const CHINESE: ShakePageWords = {
  head: HEAD,
  columns: ['键', '类型', '默认值', '变成', '不同之处'],
  notYet: '（**尚未支持**）',
  between: '、',
  type: (name) => translated(TYPES, name),
  becomes: (text) => (CODE_LIST.test(text) ? text.replaceAll(', ', '、') : translated(SHAKE_BECOMES_ZH, text)),
  note: (text) => translated(SHAKE_NOTES_ZH, text),
};

/** @throws Error if there is no translation */
function translated(table: Readonly<Record<string, string>>, text: string): string {
  const found = table[text];
  if (found === undefined) throw new Error(`there is no Chinese in scripts/shake-notes-zh.ts of: ${text}`);
  return found;
}
