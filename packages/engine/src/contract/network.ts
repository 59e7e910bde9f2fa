/** Networks and who is on them. */

/** What a network is made with; addresses that are absent are chosen. */
export interface NetworkCreateOptions {
  readonly subnet?: string; // 10.1.2.0/24
  readonly gateway?: string;
  readonly internal?: boolean;
  readonly labels?: Readonly<Record<string, string>>;
}
/** A network as it is now: a row of `network ls`. */
export interface NetworkSummary {
  readonly id: string; // 64 hex
  readonly name: string;
  readonly created: string; // RFC 3339
  readonly driver: 'bridge' | 'host' | 'null';
  readonly internal: boolean;
  readonly subnet: string | null;
  readonly gateway: string | null;
  /** Its interface on the machine, there while a container is on it. */
  readonly bridge: string | null;
  readonly labels: Readonly<Record<string, string>>;
  /** Those that run now. */
  readonly containers: readonly {
    readonly id: string;
    readonly name: string;
    readonly address: string;
    readonly mac: string;
  }[];
}
