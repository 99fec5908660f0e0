/** Why a connection has the keepalive interval that it has. */
export type KeepaliveReason = 'node-timeout' | 'idle-limit' | 'no-timeout' | 'config-forbidden' | 'override' | 'replica-link' | 'unknown';
