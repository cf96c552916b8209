/**
 * The push server stops reading until the notify queue is full, or is away for ten seconds, while replies stream.
 * Afterwards the old client's MessageSent and what a page shows equal what is stored, each reply once.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { readFileSync } from 'node:fs';

import { postJson, SLOW, startSystem, waitFor } from './harness.mjs';
import { OldClient } from './old-client.mjs';
import { PageConnection } from './page-client.mjs';

const CHATS = 12;
const AWAY_MS = 10_000;
const QUEUE = Number(readFileSync('/proc/sys/net/unix/max_dgram_qlen', 'utf8'));

const health = async (system) => (await fetch(`${system.url}/api/health`)).json();

/** Both kinds of reader in every chat. */
async function openReaders(system, name) {
	const pages = new PageConnection(system);
	const chats = await Promise.all(Array.from({ length: CHATS }, async (_, i) => {
		const id = `${name}-${i}`;
		return { id, page: await pages.open(id), old: await new OldClient(system, id).subscribe() };
	}));
	return { chats, close: () => { pages.close(); chats.forEach(({ old }) => old.close()); } };
}

/** One question in each chat. Half of the answers are over in a second, the others outlast the outage. */
async function ask(system, chats, directives) {
	await Promise.all(chats.map(async (chat, i) => {
		const content = `q [[bytes=${directives[i % 2].bytes},seed=${i + 1},chunk=80,delay=${directives[i % 2].delay}]]`;
		const answer = await postJson(`${system.url}/api/send-message`, { chatId: chat.id, messages: [{ role: 'user', content }] });
		assert.equal(answer.status, 202);
		chat.replyId = (await answer.json()).replyId;
	}));
}

const replyOf = async (chat) => (await chat.page.stored()).find((m) => m.id === chat.replyId);

async function areStreaming(chats) {
	for (const chat of chats)
		await waitFor(() => chat.page.shown().find((m) => m.id === chat.replyId)?.content.length > 0, `text in ${chat.id}`);
}

async function haveEnded(chats) {
	for (const chat of chats)
		await waitFor(async () => (await replyOf(chat))?.status === 'complete', `the end of ${chat.id}`, 60_000 * SLOW);
}

async function equalTheDatabase(chats) {
	for (const chat of chats) {
		const stored = await chat.page.equalsTheStored();
		const reply = stored.find((m) => m.id === chat.replyId);
		assert.equal(stored.length, 2);
		await waitFor(() => chat.old.sent.length > 0, `MessageSent in ${chat.id}`);
		assert.deepEqual(chat.old.sent.map((e) => [e.message.id, e.message.content]), [[reply.id, reply.content]]);
	}
}

describe('every reader equals the database', () => {
	let system, readers;
	before(async () => { system = await startSystem(); });
	after(() => system?.stop());

	test(`after the notify queue of ${QUEUE} datagrams was full`, { timeout: 120_000 * SLOW }, async () => {
		readers = await openReaders(system, 'full');
		try {
			await ask(system, readers.chats, [{ bytes: 1500, delay: 20 }, { bytes: 4000, delay: 60 }]);
			await areStreaming(readers.chats);
			process.kill(system.pids.push, 'SIGSTOP');
			try {
				await waitFor(async () => (await health(system)).reasons.some((r) => r.code === 'push_full'), 'a full queue');
				await haveEnded(readers.chats);
			} finally {
				process.kill(system.pids.push, 'SIGCONT');
			}
			await equalTheDatabase(readers.chats);
			await waitFor(async () => (await health(system)).push === 'ok', 'push ok');
		} finally {
			readers.close();
		}
	});

	test(`after the push server was away for ${AWAY_MS / 1000} s`, { timeout: 120_000 * SLOW }, async () => {
		readers = await openReaders(system, 'away');
		try {
			await ask(system, readers.chats, [{ bytes: 1500, delay: 60 }, { bytes: 8000, delay: 150 }]);
			await areStreaming(readers.chats);
			await system.kill('push', 'SIGTERM');
			const until = Date.now() + AWAY_MS;
			await waitFor(async () => (await health(system)).reasons.some((r) => r.code === 'push_away'), 'push_away');
			await haveEnded(readers.chats.filter((_, i) => i % 2 === 0));
			await waitFor(() => Date.now() >= until, 'the ten seconds');
			await system.restart('push');
			await haveEnded(readers.chats);
			await equalTheDatabase(readers.chats);
		} finally {
			readers.close();
		}
	});
});
