import { cpus } from 'node:os';
import { benchSha256 } from './kernels/sha256.ts';

const results = await benchSha256();
const rival = results.find(({ name }) => name === 'hash-wasm')?.mibPerSecond ?? 1;
console.log(`SHA-256 on ${cpus()[0]?.model}, Node ${process.version}`);
for (const { name, mibPerSecond } of results)
  console.log(
    `${name.padEnd(12)} ${mibPerSecond.toFixed(0).padStart(6)} MiB/s  ${(mibPerSecond / rival).toFixed(2)} × hash-wasm`,
  );
