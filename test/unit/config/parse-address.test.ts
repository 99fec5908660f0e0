import { describe, expect, test } from 'vitest';
import { parseAddress } from '../../../src/config/parse-address.ts';

describe('accepts', () => {
  test.each([
    ['redis://host', { host: 'host', port: 6379 }],
    ['redis://host:6380/', { host: 'host', port: 6380 }],
    ['valkey://host:1', { host: 'host', port: 1 }],
    ['rediss://host', { host: 'host', port: 6379, tls: true }],
    ['redis://u:p@h', { host: 'h', port: 6379, username: 'u', password: 'p' }],
    ['redis://:p@h', { host: 'h', port: 6379, password: 'p' }],
    ['redis://u:@h', { host: 'h', port: 6379, username: 'u', password: '' }],
    ['redis://:@h', { host: 'h', port: 6379 }],
    ['redis://us%40er:p%3A%2F%40%25@h:7', { host: 'h', port: 7, username: 'us@er', password: 'p:/@%' }],
    ['redis://u:p@q@h', { host: 'h', port: 6379, username: 'u', password: 'p@q' }],
    ['redis://u:p:q@h', { host: 'h', port: 6379, username: 'u', password: 'p:q' }],
    ['redis://[::1]:6380', { host: '::1', port: 6380 }],
    ['[fe80::1]', { host: 'fe80::1', port: 6379 }],
    ['10.0.0.1', { host: '10.0.0.1', port: 6379 }],
    ['10.0.0.1:6380', { host: '10.0.0.1', port: 6380 }],
    ['my_host-1.example', { host: 'my_host-1.example', port: 6379 }],
  ])('%s', (text, { host, port, ...expected }) => expect(parseAddress(text)).toEqual({ places: [{ host, port }], parameters: {}, ...expected }));

  test.each([
    [
      'redis://u:p@a,b:1,[::1]:2',
      {
        places: [
          { host: 'a', port: 6379 },
          { host: 'b', port: 1 },
          { host: '::1', port: 2 },
        ],
        username: 'u',
        password: 'p',
      },
    ],
    [
      'a:1, b',
      {
        places: [
          { host: 'a', port: 1 },
          { host: 'b', port: 6379 },
        ],
      },
    ],
    [
      'redis+cluster://a:7000,b:7001/',
      {
        kind: 'cluster',
        places: [
          { host: 'a', port: 7000 },
          { host: 'b', port: 7001 },
        ],
      },
    ],
    ['valkeys+cluster://a', { kind: 'cluster', tls: true, places: [{ host: 'a', port: 6379 }] }],
    [
      'redis+sentinel://:p@a,b:5/mymaster',
      {
        kind: 'sentinel',
        primaryName: 'mymaster',
        password: 'p',
        places: [
          { host: 'a', port: 26_379 },
          { host: 'b', port: 5 },
        ],
      },
    ],
    ['REDISS+SENTINEL://a/my%20er?tls_verify=false', undefined],
    [
      'rediss+sentinel://a/m?tls_verify=false',
      { kind: 'sentinel', tls: true, primaryName: 'm', places: [{ host: 'a', port: 26_379 }], parameters: { tls_verify: 'false' } },
    ],
    ['redis+sentinel://a', { kind: 'sentinel', places: [{ host: 'a', port: 26_379 }] }],
  ])('%s', (text, expected) => {
    if (expected) expect(parseAddress(text)).toEqual({ parameters: {}, ...expected });
    else expect(() => parseAddress(text)).toThrow('no name of a primary');
  });

  test('the TLS parameters of a rediss:// query', () => {
    const { parameters } = parseAddress('rediss://h?tls_verify=false&tls_ca=%2Fa%20b.pem&tls_server_name=x');
    expect(parameters).toEqual({ tls_verify: 'false', tls_ca: '/a b.pem', tls_server_name: 'x' });
  });
});

describe('refuses with the reason', () => {
  test.each([
    ['redis://h/3', /selects database 3, but all databases are synced/],
    ['redis://h/name', /has a path/],
    ['redis+cluster://h/name', /has a path/],
    ['redis+cluster://h/1', /selects database 1/],
    ['redis+sentinel://h/a/b', /no name of a primary/],
    ['redis+other://h', /unknown scheme redis\+other/],
    ['redis://a,,b', /names no host/],
    ['a,b:99999', /port that is not a number/],
    ['redis://h?db=1', /unknown parameter/],
    ['redis://h?tls_ca=x', /tls_ca without TLS/],
    ['rediss://h?tls_ca=x&tls_ca=y', /tls_ca twice/],
    ['rediss://h?tls_verify=maybe', /neither true nor false/],
    ['unix:///run/redis.sock', /unix socket/],
    ['redis+unix:///run/redis.sock', /unix socket/],
    ['/run/redis.sock', /unix socket/],
    ['http://h', /unknown scheme http/],
    ['redis://', /no host/],
    ['redis://h:0', /port/],
    ['redis://h:65536', /port/],
    ['redis://h:abc', /port/],
    ['h:', /port/],
    ['::1', /without brackets/],
    ['[nonsense]:1', /IPv6/],
    ['u:secret@h', /redis:\/\/ in front/],
    ['redis://u:%zz@h', /%25/],
    ['redis://u:se/cret@h', /%2F/],
    ['redis://h#x', /#/],
    ['redis://ho st', /host name/],
    ['host/1', /neither/],
  ])('%s', (text, reason) => {
    expect(() => parseAddress(text)).toThrow(reason);
    expect(() => parseAddress(text)).not.toThrow(/secret|cret/);
  });
});
