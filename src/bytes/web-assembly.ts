/** What is used of WebAssembly. Node has it, and Node's types do not: they leave it to those of browsers. */
export interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

export type WasmFunction = (...args: number[]) => number;

export interface WasmTable {
  readonly length: number;
  get(index: number): WasmFunction;
  set(index: number, value: WasmFunction): void;
  grow(by: number): number;
}

export type WasmImports = Record<string, Record<string, (...args: number[]) => number | void>>;

interface WebAssemblyGlobal {
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports?: WasmImports) => { readonly exports: object };
}

export const { Module: WasmModule, Instance: WasmInstance } = (globalThis as unknown as { WebAssembly: WebAssemblyGlobal }).WebAssembly;
