/** Threats T13, T22, T25, T30: SQL, smuggled requests, our own binaries, and what deleting leaves. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { after, before, describe, test } from 'node:test';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';

import { BIN, ROOT, startSystem, waitFor } from './harness.mjs';
import { Person, raw } from './identities.mjs';

describe('SQL', () => {
	let system;
	before(async () => { system = await startSystem(); });
	after(() => system?.stop());

	const attempts = ['\' OR \'1\'=\'1', '\'; DROP TABLE chats; --', '" OR ""="', '1 UNION SELECT hash FROM sessions', '\') OR 1=1 --', '%\' AND 1=0 UNION ALL SELECT 1,2,3 --', '\\\' OR 1=1 --',
		'x\' AND (SELECT count(*) FROM people) > 0 --', 'content:x OR chat:c1', '"*" NEAR(a b, 1)', '* OR *', '(((', '-', 'NOT x', '{a b}: c', '^x', 'a" OR chat:"c1', ';VACUUM;', '0x31', 'ｘ\' OR 1=1'];

	const ascii = (text) => text.replace(/[^\x20-\x7e]/g, '');

	test('in every text that somebody can send it is text', async () => {
		const [ana, eva] = [await Person.withSession(system, 'Ana'), await Person.withSession(system, 'Eva')];
		const id = await ana.chat('the secret of Ana');
		await ana.say(id, 'the secret of Ana');
		const db = new DatabaseSync(join(system.dir, 'var', 'charla.db'), { readOnly: true });
		const schema = () => JSON.stringify(db.prepare('SELECT name, sql FROM sqlite_schema ORDER BY name').all());
		const before = schema();
		for (const text of attempts) {
			const q = encodeURIComponent(text);
			const answers = [
				await eva.call('GET', `/api/search?q=${q}`), await eva.call('GET', `/api/chats?cursor=${q}&limit=${q}`), await eva.call('GET', `/api/chats/${q}/history?after=${q}`),
				await eva.call('GET', `/api/chats/${id}/history?epoch=${q}`), await eva.call('POST', '/api/join', { token: text }), await eva.call('POST', '/api/session', { name: text }),
				await eva.say(text, text), await eva.say('sql', text, { 'idempotency-key': ascii(text) }), await eva.call('POST', '/api/chats', { title: text, systemPrompt: text }),
				await raw(system, 'GET', '/api/me', { headers: { cookie: `sid=${ascii(text)}` } }), await raw(system, 'GET', '/api/me', { headers: { authorization: `Bearer charla_${ascii(text)}` } }),
				await eva.call('POST', '/broadcasting/auth', { socket_id: '1.2', channel_name: `private-chat.${text}` }), await eva.call('DELETE', `/api/chats/${id}/members/${q}`),
			];
			for (const answer of answers) {
				assert.ok(answer.status < 500, `${text}: ${answer.status} ${answer.text}`);
				assert.equal(answer.text.includes('secret of Ana'), false, `${text}: ${answer.text}`);
			}
		}
		assert.equal(schema(), before);
		assert.equal(db.prepare('PRAGMA integrity_check').get().integrity_check, 'ok');
		db.close();
		assert.equal(JSON.stringify(Object.values(system.logs)).includes('database error'), false);
		assert.equal((await ana.history(id)).json.messages[0].content, 'the secret of Ana');
	});
});

for (const server of ['lighttpd', 'apache-proxy'])
	describe(`requests inside requests, through ${server}`, () => {
		let system;
		before(async () => { system = await startSystem({ server }); });
		after(() => system?.stop());

		/** How often a connection answers to these bytes, and what. */
		const exchange = (bytes) => new Promise((done) => {
			const socket = connect(Number(new URL(system.url).port), '127.0.0.1');
			let text = '';
			socket.on('data', (c) => { text += c; }).on('error', () => {}).on('close', () => done({ text, answers: text.split(/^HTTP\/1\.[01] /m).length - 1 }));
			socket.setTimeout(3000, () => socket.destroy());
			socket.write(bytes);
			socket.end();
		});
		const hidden = 'GET /api/config HTTP/1.1\r\nHost: x\r\n\r\n';
		const body = JSON.stringify({ chatId: 'smuggle', messages: [{ role: 'user', content: 'x' }] });
		const head = (more) => `POST /api/send-message HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nConnection: close\r\n${more}\r\n`;
		const cases = {
			'Content-Length and chunked': `${head(`Content-Length: ${body.length}\r\nTransfer-Encoding: chunked\r\n`)}0\r\n\r\n${hidden}`,
			'two Content-Lengths': `${head(`Content-Length: 0\r\nContent-Length: ${hidden.length}\r\n`)}${hidden}`,
			'a list of Content-Lengths': `${head(`Content-Length: 0, ${hidden.length}\r\n`)}${hidden}`,
			'a signed Content-Length': `${head(`Content-Length: +${body.length}\r\n`)}${body}${hidden}`,
			'a negative Content-Length': `${head('Content-Length: -1\r\n')}${hidden}`,
			'a space before the colon': `${head(`Content-Length : ${hidden.length}\r\nContent-Length: 0\r\n`)}${hidden}`,
			'chunked, but not last': `${head('Transfer-Encoding: chunked, identity\r\n')}0\r\n\r\n${hidden}`,
			'a folded header': `${head(`X: y\r\n Content-Length: ${hidden.length}\r\n`)}${hidden}`,
		};
		for (const [what, bytes] of Object.entries(cases))
			test(`${what}: one answer, and nothing hidden is served`, async () => {
				const { text, answers } = await exchange(bytes);
				assert.ok(answers <= 1, text);
				assert.equal(text.includes('"appName"'), false, text);
			});

		test('a chunked body is a body', async () => {
			const { text } = await exchange(`${head('Transfer-Encoding: chunked\r\n')}${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`);
			assert.match(text, /^HTTP\/1\.1 (202|411)/);
		});
	});

describe('our own binaries', () => {
	for (const program of ['fcgi-app', 'push-server'])
		test(`${program} is position independent, with read-only relocations, no executable stack, canaries and checked calls`, { skip: /asan|tsan|debug/.test(BIN) && 'another build' }, () => {
			const elf = execFileSync('readelf', ['-W', '-h', '-d', '-l', '-s', join(BIN, program)], { encoding: 'utf8', maxBuffer: 64e6 });
			assert.match(elf, /Type:\s+DYN/);
			assert.match(elf, /GNU_RELRO/);
			assert.match(elf, /BIND_NOW/);
			assert.match(elf, /GNU_STACK\s+\S+\s+\S+\s+\S+\s+\S+\s+\S+\s+RW\s/);
			assert.match(elf, /__stack_chk_fail/);
			assert.match(elf, /__\w+_chk@/);
		});

	test('the units leave little open', { skip: !existsSync('/usr/bin/systemd-analyze') && 'no systemd-analyze' }, () => {
		for (const unit of ['api', 'worker', 'push']) {
			const text = execFileSync('systemd-analyze', ['security', '--offline=yes', '--no-pager', join(ROOT, `conf/systemd/charla-${unit}.service`)], { encoding: 'utf8' });
			assert.ok(Number(text.match(/exposure level for charla-\w+\.service: ([\d.]+)/)[1]) <= 2, text.slice(-200));
		}
	});
});

describe('what was deleted', () => {
	test('is gone from the files as well, once the time to restore is over', async () => {
		const system = await startSystem();
		try {
			const word = 'unforgettable-4711', ana = await Person.withSession(system);
			const id = await ana.chat(word);
			await ana.say(id, word);
			await waitFor(async () => (await ana.history(id)).json.messages.at(-1).status === 'complete', 'the reply');
			assert.equal((await ana.call('DELETE', `/api/chats/${id}`)).status, 200);
			const files = ['charla.db', 'charla.db-wal'].map((name) => join(system.dir, 'var', name));
			await waitFor(() => !files.some((file) => readFileSync(file).includes(word)), 'no file holds it', 40_000);
			assert.equal((await ana.history(id)).status, 404);
		} finally {
			await system.stop();
		}
	});
});
