/**
 * The states of the replication link. Pure; replica-link.ts does what they call for.
 *
 *   idle --connect--> connecting --opened--> handshaking --greeted--> requesting-sync --continue------------------------> streaming
 *                      ^                                                   |                                                ^
 *                    connect                                         full-resync                                        rdb-ended
 *                      |                                                   v                                                |
 *                 backing-off                                       waiting-for-rdb --rdb-begun--> receiving-rdb -----------+
 *
 *   any but idle, stopped --lost--> backing-off        any --stop--> stopped
 *
 * An event that has no arrow from a state is late (from a socket that is gone) and changes nothing.
 */
export type ReplicaLinkState =
  | 'idle'
  | 'connecting'
  | 'handshaking'
  | 'requesting-sync'
  | 'waiting-for-rdb'
  | 'receiving-rdb'
  | 'streaming'
  | 'backing-off'
  | 'stopped';

export type ReplicaLinkEvent = 'connect' | 'opened' | 'greeted' | 'continue' | 'full-resync' | 'rdb-begun' | 'rdb-ended' | 'lost' | 'stop';

const ARROWS: Readonly<Record<ReplicaLinkState, Partial<Record<ReplicaLinkEvent, ReplicaLinkState>>>> = {
  idle: { connect: 'connecting', stop: 'stopped' },
  connecting: { opened: 'handshaking', lost: 'backing-off', stop: 'stopped' },
  handshaking: { greeted: 'requesting-sync', lost: 'backing-off', stop: 'stopped' },
  'requesting-sync': { continue: 'streaming', 'full-resync': 'waiting-for-rdb', lost: 'backing-off', stop: 'stopped' },
  'waiting-for-rdb': { 'rdb-begun': 'receiving-rdb', lost: 'backing-off', stop: 'stopped' },
  'receiving-rdb': { 'rdb-ended': 'streaming', lost: 'backing-off', stop: 'stopped' },
  streaming: { lost: 'backing-off', stop: 'stopped' },
  'backing-off': { connect: 'connecting', stop: 'stopped' },
  stopped: {},
};

export function transition(state: ReplicaLinkState, event: ReplicaLinkEvent): ReplicaLinkState {
  return ARROWS[state][event] ?? state;
}
