/** Says in words what went wrong with a socket, and sorts it: can a retry help, is it the network or the TLS side. */
import { GodwitError } from '../errors/errors.ts';
import type { Endpoint } from '../model/endpoint.ts';

const REASONS: Record<string, string> = {
  ECONNREFUSED: 'nothing listens there (connection refused)',
  ENOTFOUND: 'the host name is not known',
  EAI_AGAIN: 'the name server does not answer',
  ETIMEDOUT: 'no answer (timed out)',
  EHOSTUNREACH: 'the host cannot be reached',
  ENETUNREACH: 'the network cannot be reached',
  ECONNRESET: 'the other side reset the connection',
  EPIPE: 'the other side has closed the connection',
  EADDRNOTAVAIL: 'no local address or port is free for it',
  EMFILE: 'this process has too many open files',
  EACCES: 'the system does not permit it',
};

const CERTIFICATE_REASONS: Record<string, string> = {
  DEPTH_ZERO_SELF_SIGNED_CERT: 'its certificate is self-signed and not trusted',
  SELF_SIGNED_CERT_IN_CHAIN: 'its certificate comes from an authority that is not trusted',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'its certificate comes from an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT: 'its certificate comes from an authority that is not trusted',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'its certificate comes from an authority that is not trusted',
  CERT_HAS_EXPIRED: 'its certificate has expired',
  CERT_NOT_YET_VALID: 'its certificate is not valid yet',
  ERR_TLS_CERT_ALTNAME_INVALID: 'its certificate is for another name',
};

/** What an error of `node:net` or `node:tls` says, in words. */
function reasonOf(error: NodeJS.ErrnoException): string {
  const known = REASONS[error.code ?? ''];
  return known === undefined ? error.message : `${known} [${error.code}]`;
}

/**
 * Error of a socket that was being opened or is in use. TLS failures become TLS_FAILED, everything else `code`.
 * @param name of the other side, for people: `source 10.0.0.1:6379`
 */
export function socketError(error: NodeJS.ErrnoException, endpoint: Endpoint, code: 'CONNECT_FAILED' | 'CONNECTION_LOST', name: string): GodwitError {
  const details = { host: endpoint.host, port: endpoint.port, reason: error.code ?? 'unknown' };
  if (endpoint.tls !== undefined) {
    const tls = tlsReason(error);
    if (tls !== undefined) return new GodwitError('TLS_FAILED', `TLS with ${name} failed: ${tls.text}`, { details, cause: error, fix: tls.fix });
  }
  const what = code === 'CONNECT_FAILED' ? `cannot connect to ${name}` : `lost the connection to ${name}`;
  return new GodwitError(code, `${what}: ${reasonOf(error)}`, { details, cause: error });
}

/** The port that was taken for a plain one speaks TLS. */
export function speaksTls(endpoint: Endpoint, name: string): GodwitError {
  return new GodwitError('TLS_FAILED', `${name} speaks TLS, but was addressed without it`, {
    fix: 'Use rediss:// for this address.',
    details: { host: endpoint.host, port: endpoint.port },
  });
}

function tlsReason(error: NodeJS.ErrnoException): { text: string; fix?: string } | undefined {
  const code = error.code ?? '';
  const certificate = CERTIFICATE_REASONS[code];
  if (certificate !== undefined) return { text: `${certificate} [${code}]` };
  if (code === 'EPROTO' || code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG') {
    const reason = /ssl3_get_record:([^:]+)|SSL routines:[^:]*:([^:]+)/.exec(error.message);
    const words = reason?.[1] ?? reason?.[2] ?? error.message;
    if (!/wrong version number|packet length too long/.test(`${words} ${error.message}`)) return { text: words };
    return { text: 'the port does not speak TLS', fix: 'Use redis:// for this address, or give the TLS port of the server.' };
  }
  if (/certificate[_ ]required/i.test(`${code} ${error.message}`)) {
    return { text: 'the server asks for a client certificate', fix: 'Give tls.cert and tls.key of a certificate that the server trusts.' };
  }
  if (code.startsWith('ERR_SSL') || code.startsWith('ERR_TLS') || code.startsWith('ERR_OSSL')) return { text: `${error.message} [${code}]` };
  return undefined;
}
