import { expect, test } from 'vitest';
import { writesOf } from '../../../../src/job/cutover/quiet-source.ts';
import { clientsOf } from '../../../../src/job/cutover/write-pause.ts';

test('calls of commands that write are counted, and those of scripts, which may', () => {
  const stats = [
    '# Commandstats',
    'cmdstat_set:calls=3,usec=1',
    'cmdstat_get:calls=50,usec=1',
    'cmdstat_eval:calls=2,usec=1',
    'cmdstat_xgroup|create:calls=1,usec=1',
  ];
  expect(writesOf(stats.join('\r\n'))).toBe(6);
});

test('Godwit, replicas, primaries and monitors are no clients that have to follow', () => {
  const list = [
    'id=3 addr=10.0.0.9:4001 name=app flags=N cmd=set',
    'id=4 addr=10.0.0.9:4002 name= flags=P cmd=subscribe',
    'id=5 addr=10.0.0.9:4003 name=godwit:job:cutover flags=N cmd=client|list',
    'id=6 addr=10.0.0.9:4004 name= flags=S cmd=replconf',
    'id=7 addr=10.0.0.9:4005 name= flags=M cmd=ping',
    'id=8 addr=10.0.0.9:4006 name= flags=O cmd=monitor',
    '',
  ];
  expect(clientsOf(list.join('\n')).map(({ id, address, name }) => [id, address, name])).toEqual([
    ['3', '10.0.0.9:4001', 'app'],
    ['4', '10.0.0.9:4002', ''],
  ]);
});
