/** A web server's side of FastCGI, for tests that speak to fcgi-app itself: one request a connection. */
import { connect } from 'node:net';

const BEGIN = 1, END = 3, PARAMS = 4, STDIN = 5, STDOUT = 6;

function record(type, content) {
	const head = Buffer.from([1, type, 0, 1, content.length >> 8, content.length & 255, 0, 0]);
	return Buffer.concat([head, content]);
}

function pair(name, value) {
	const length = (n) => n < 128 ? Buffer.from([n]) : Buffer.from([(n >> 24) | 128, (n >> 16) & 255, (n >> 8) & 255, n & 255]);
	return Buffer.concat([length(Buffer.byteLength(name)), length(Buffer.byteLength(value)), Buffer.from(name), Buffer.from(value)]);
}

/** The records of a request, body in one piece. */
export function requestBytes(method, path, { headers = {}, body = '', params = {} } = {}) {
	const bytes = Buffer.from(body);
	const [script, query = ''] = path.split('?');
	const all = { REQUEST_METHOD: method, SCRIPT_NAME: script, QUERY_STRING: query, REMOTE_ADDR: '203.0.113.7', CONTENT_LENGTH: String(bytes.length),
		...(headers['content-type'] ? { CONTENT_TYPE: headers['content-type'] } : {}),
		...Object.fromEntries(Object.entries(headers).map(([k, v]) => [`HTTP_${k.toUpperCase().replaceAll('-', '_')}`, v])), ...params };
	const names = Buffer.concat(Object.entries(all).map(([k, v]) => pair(k, v)));
	return Buffer.concat([record(BEGIN, Buffer.from([0, 1, 0, 0, 0, 0, 0, 0])), record(PARAMS, names), record(PARAMS, Buffer.alloc(0)),
		...(bytes.length > 0 ? [record(STDIN, bytes)] : []), record(STDIN, Buffer.alloc(0))]);
}

/** Reads one answer from a socket: { status, headers, text }. */
export function readAnswer(socket) {
	return new Promise((done, fail) => {
		let data = Buffer.alloc(0), out = Buffer.alloc(0);
		socket.on('data', (chunk) => {
			data = Buffer.concat([data, chunk]);
			while (data.length >= 8) {
				const n = data.readUInt16BE(4), padding = data[6];
				if (data.length < 8 + n + padding)
					return;
				if (data[1] === STDOUT)
					out = Buffer.concat([out, data.subarray(8, 8 + n)]);
				if (data[1] === END) {
					const text = out.toString(), at = text.indexOf('\r\n\r\n');
					const headers = Object.fromEntries(text.slice(0, at).split('\r\n').map((l) => [l.slice(0, l.indexOf(':')).toLowerCase(), l.slice(l.indexOf(':') + 1).trim()]));
					socket.destroy();
					return done({ status: Number.parseInt(headers.status, 10), headers, text: text.slice(at + 4) });
				}
				data = data.subarray(8 + n + padding);
			}
		});
		socket.on('error', fail).on('close', () => fail(new Error('closed without an answer')));
	});
}

export function ask(path, method, url, options) {
	const socket = connect(path);
	socket.end(requestBytes(method, url, options));
	return readAnswer(socket);
}
