import type { Plugin } from 'rolldown';

/**
 * Of undici the parts that the engine uses: its entry loads fetch, caches, mocks and web sockets as well, half a
 * megabyte of code and what of Node's own they ask for. As its entry does, Dispatcher gets the methods of its api:
 * a proxy is asked for a tunnel with `connect`.
 */
const parts = `
import Dispatcher from 'undici/lib/dispatcher/dispatcher.js';
import connect from 'undici/lib/api/api-connect.js';
import request from 'undici/lib/api/api-request.js';
Object.assign(Dispatcher.prototype, { connect, request });
export { default as Agent } from 'undici/lib/dispatcher/agent.js';
export { default as EnvHttpProxyAgent } from 'undici/lib/dispatcher/env-http-proxy-agent.js';
`;

/** HTTP/2, with Node's own and so with TLS and all ciphers, when a server first chooses it. */
const later = (path: string) => `
module.exports = (client, socket) => require(${JSON.stringify(path)})(client, socket);
`;

export function slimUndici(): Plugin {
  const entry = '\0undici';
  const lazily = '\0lazily:';
  let importer: string | undefined;
  return {
    name: 'slim-undici',
    async resolveId(source, from) {
      if (source === 'undici') {
        importer = from;
        return entry;
      }
      if (from === entry) return this.resolve(source, importer);
      if (!source.endsWith('/client-h2.js') || from?.startsWith(lazily)) return null;
      const found = await this.resolve(source, from, { skipSelf: true });
      return found && lazily + found.id;
    },
    load: (id) => {
      if (id === entry) return parts;
      return id.startsWith(lazily) ? later(id.slice(lazily.length)) : null;
    },
  };
}
