import { BlockList } from 'node:net';
import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  chooseSubnet,
  contains,
  formatIpv4,
  formatSubnet,
  overlaps,
  parseIpv4,
  parseSubnet,
  subnetEnd,
} from '../../src/network/ipv4.ts';

const address = fc.nat(0xffffffff);
const subnet = fc.tuple(address, fc.integer({ min: 0, max: 32 })).map(([a, p]) => parseSubnet(`${formatIpv4(a)}/${p}`));

it('addresses survive text', () => {
  fc.assert(fc.property(address, (one) => parseIpv4(formatIpv4(one)) === one));
  for (const bad of ['', '1.2.3', '1.2.3.4.5', '256.1.1.1', '01.2.3.4', '1.2.3.-4', ' 1.2.3.4', '::1'])
    expect(parseIpv4(bad)).toBeNull();
});

it('membership agrees with Node’s own BlockList', () => {
  fc.assert(
    fc.property(subnet, address, fc.boolean(), (range, far, near) => {
      const one = near ? range.address + (far % (subnetEnd(range) - range.address)) : far;
      const oracle = new BlockList();
      oracle.addSubnet(formatIpv4(range.address), range.prefix);
      return contains(range, one) === oracle.check(formatIpv4(one));
    }),
  );
});

it('two ranges overlap just when one holds the other’s first address', () => {
  fc.assert(
    fc.property(subnet, subnet, (a, b) => overlaps(a, b) === (contains(a, b.address) || contains(b, a.address))),
  );
});

it('a chosen subnet overlaps nothing taken, until all are', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 0, max: 511 }), fc.integer({ min: 16, max: 26 })), { maxLength: 40 }),
      address,
      (list, seed) => {
        const taken = list.map(([at, prefix]) =>
          parseSubnet(`${formatIpv4((10 << 24) + (200 << 16) + at * 1024)}/${prefix}`),
        );
        const chosen = chooseSubnet(taken, seed);
        expect(taken.filter((one) => overlaps(one, chosen)).map(formatSubnet)).toEqual([]);
        expect(contains(parseSubnet('10.200.0.0/13'), chosen.address)).toBe(true);
      },
    ),
  );
  expect(() => chooseSubnet([parseSubnet('10.0.0.0/8')], 7)).toThrow(/fully subnetted/);
});
