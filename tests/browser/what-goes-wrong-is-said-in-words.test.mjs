// A reply that fails and a message that is refused are told in the reader's language, with what to do; no text is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem();
	browser = await startBrowser();
});
after(() => stopAll(browser, system));

const ENDINGS = [
	['[[status=400]] no', 'error', /El modelo no aceptó la petición/, /The model did not accept the request/],
	['[[block=SAFETY]] no', 'blocked', /La IA no puede responder a esto/, /The AI cannot answer this/],
	['[[bytes=200,finish=MAX_TOKENS]] cut', 'truncated', /llegó a su longitud máxima/, /reached its maximum length/],
];

for (const [text, status, es, en] of ENDINGS)
	test(`a reply that ends as ${status}`, async () => {
		const chat = await browser.open(system.url, { locale: 'es-ES' });
		await chat.send(text);
		await chat.ended();
		assert.equal(await chat.page.getAttribute('.msg.a', 'data-status'), status);
		const words = async () => (await chat.page.innerText('.msg.a')).trim();
		assert.match(await words(), es);
		if (status !== 'truncated') // the server's own sentence is not shown beside the page's
			assert.equal(await chat.page.textContent('.msg.a .md'), '');
		await chat.page.selectOption('#lang', 'en');
		assert.match(await words(), en);
		assert.doesNotMatch(await words(), es);
		await chat.shot(`end-${status}`);
		await chat.reload();
		await chat.ended();
		assert.match(await words(), en);
	});

test('a message that is refused keeps its text and can be tried again', async () => {
	const chat = await browser.open(system.url, { locale: 'es-ES' });
	chat.expect(/status of 500/);
	await chat.page.route('**/api/send-message', (route) => route.fulfill({
		status: 500, contentType: 'application/problem+json', body: '{"code":"internal","detail":"Something failed here."}',
	}));
	await chat.send('no te pierdas');
	const note = chat.page.locator('.sendnote');
	await note.locator('button').first().waitFor();
	assert.match(await note.innerText(), /No enviado\.\s*El servidor tuvo un problema\./);
	await chat.shot('refused');
	await chat.page.unroute('**/api/send-message');
	await note.getByText('Reintentar').click();
	await chat.ended();
	assert.equal((await chat.stored()).messages.length, 2);
	assert.equal((await chat.shown())[0].text, 'no te pierdas');
});

test('a reply that is tried again after it had begun shows only the second attempt', async () => {
	const chat = await browser.open(system.url);
	await chat.send('[[bytes=3000,frames=30,delay=20,reset_after=15,times=1]] again');
	await chat.ended();
	const stored = await chat.lastStored();
	assert.equal(stored.status, 'complete');
	assert.equal(stored.length, 3000 - (Buffer.byteLength(stored.content) - stored.content.length));
	assert.equal(await chat.copied(), stored.content);
});
