import { enableCompileCache } from 'node:module';

enableCompileCache();
const { main } = await import('./program.ts');
await main(process.argv);
// A pipe whose reader is slower takes its bytes later: they would go with the process.
for (const stream of [process.stdout, process.stderr])
  if (stream.writableLength > 0) await new Promise((written) => stream.write('', written));
// Not by the event loop's running dry: that would close the database, whose last user writes its log back
// with three fsyncs (25 ms on a quiet disk, 300 on a busy one). The log is as durable, and the next command
// reads on in it.
process.exit();
