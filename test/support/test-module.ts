/** A module of the least kind, compiled where there is a compiler: it has a name, and nothing else. */
import { spawnSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

/** The head of what a module is handed is where it gets functions by their names. */
const source = (name: string): string => `
int RedisModule_OnLoad(void *ctx, void **argv, int argc) {
  int (*get)(const char *, void *) = *(int (**)(const char *, void *))ctx;
  void (*set)(void *, const char *, int, int) = 0;
  if (get("RedisModule_SetModuleAttribs", &set) != 0 || set == 0) return 1;
  set(ctx, "${name}", 1, 1);
  return 0;
}
`;

export const hasCompiler = spawnSync('cc', ['--version']).status === 0;

/** @returns the path of the module. @throws Error with what the compiler said */
export function compileModule(dir: string, name: string): string {
  const [code, made] = [join(dir, `${name}.c`), join(dir, `${name}.so`)];
  writeFileSync(code, source(name));
  const { status, stderr } = spawnSync('cc', ['-shared', '-fPIC', '-o', made, code]);
  if (status !== 0) throw new Error(String(stderr));
  return made;
}
