import { enableCompileCache } from 'node:module';

enableCompileCache();
const { main } = await import('./program.ts');
await main(process.argv);
// Not by the event loop's running dry: that would close the database, whose last user writes its log back
// with three fsyncs (25 ms on a quiet disk, 300 on a busy one). The log is as durable, and the next command
// reads on in it.
process.exit();
