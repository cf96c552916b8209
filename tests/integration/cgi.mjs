/** One request by a process of its own, as a web server runs a CGI program. */
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Resolves to { status, headers, json, log }. env: more of the environment. */
export function cgi(system, method, path, body = '', env = {}) {
	const [pathOnly, query = ''] = path.split('?');
	const program = spawn(join(system.place.bin, 'fcgi-app'), [], {
		cwd: system.dir, ...system.place.user, stdio: ['pipe', 'pipe', 'pipe'],
		env: { PATH: process.env.PATH, ENV_FILE: system.place.envFile, GATEWAY_INTERFACE: 'CGI/1.1', SERVER_PROTOCOL: 'HTTP/1.1',
			REQUEST_METHOD: method, SCRIPT_NAME: '/api', PATH_INFO: pathOnly.slice('/api'.length), QUERY_STRING: query,
			CONTENT_TYPE: 'application/json', CONTENT_LENGTH: String(Buffer.byteLength(body)), REMOTE_ADDR: '127.0.0.1', ...env },
	});
	program.stdin.on('error', () => {}); // it may leave before it has read all
	program.stdin.end(body);
	return new Promise((done, fail) => {
		let text = '', log = '';
		program.stdout.setEncoding('utf8').on('data', (chunk) => { text += chunk; });
		program.stderr.setEncoding('utf8').on('data', (chunk) => { log += chunk; });
		program.on('error', fail).on('close', () => {
			const [head, ...rest] = text.split('\r\n\r\n');
			done({ status: Number(head.match(/^Status: (\d+)/m)?.[1]), headers: head, json: JSON.parse(rest.join('\r\n\r\n') || 'null'), log });
		});
	});
}
