// All that the programs here need of Node's types.
declare const process: { env: Record<string, string | undefined> };
