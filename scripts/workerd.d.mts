export function bundle(entry: string, file: string): Promise<void>
export function serve(
  config: string,
  sockets: readonly string[],
  options?: readonly string[],
): Promise<{ readonly ports: Readonly<Record<string, number>>; readonly end: () => Promise<void> }>
