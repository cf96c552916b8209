// A reply that fails and a message that is refused are told in the reader's language, with what to do; no text is lost.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import en from '../../www/js/i18n/en.js';
import es from '../../www/js/i18n/es.js';
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

/** What the server can say to a message, the page's word for it, and whether it tries again by itself. */
const REFUSALS = [
	[400, 'bad_request', 'err_400'], [401, 'sign_in', 'err_sign_in'], [403, 'forbidden', 'err_403'], [404, 'not_found', 'err_404'], [409, 'conflict', 'err_409'], [413, 'body_too_large', 'err_413'],
	[422, 'validation_failed', 'err_422'], [500, 'internal', 'err_500'], [507, 'storage_full', 'err_storage_full'], [429, 'daily_tokens', 'err_daily_tokens', 40_000], [429, 'site_budget', 'err_site_budget', 40_000],
	[429, 'rate_limited', 'err_429', 60], [429, 'too_many_replies', 'err_too_many_replies', 60], [409, 'queue_full', 'err_queue_full', 60], [503, 'busy', 'err_503', 60], [502, 'bad_gateway', 'err_503'], [0, 'network', 'err_network'],
];

test(`${REFUSALS.length} ways to refuse a message: each in both languages, the text is kept`, { timeout: 120_000 }, async () => {
	const chat = await browser.open(system.url, { locale: 'es-ES' });
	const { page } = chat;
	chat.expect(/status of [45]|ERR_FAILED/);
	await chat.state('live');
	await chat.send('[[echo]] primera');
	await chat.ended();
	for (const [status, code, key, retryAfter] of REFUSALS) {
		await page.route('**/api/send-message', (route) => (status === 0 ? route.abort() : route.fulfill({
			status, contentType: 'application/problem+json', headers: retryAfter ? { 'Retry-After': String(retryAfter) } : {}, body: JSON.stringify({ code, detail: 'of the server' }),
		})));
		await page.selectOption('#lang', 'es');
		await chat.send(`mensaje ${code}`);
		const isTemporary = status === 0 || (retryAfter ?? 999) <= 120 || status === 502;
		const note = page.locator(`.msg.u[data-status=${isTemporary ? 'waiting' : 'failed'}] .sendnote`);
		await note.waitFor();
		assert.ok((await note.innerText()).includes(es[key]), `${code}: ${await note.innerText()}`);
		await page.selectOption('#lang', 'en');
		assert.ok((await note.innerText()).includes(en[key]), `${code}: ${await note.innerText()}`);
		assert.ok(!(await page.innerText('#thread')).includes('of the server'));
		assert.equal((await chat.shown()).at(-1).text, `mensaje ${code}`);
		await page.unroute('**/api/send-message');
		if (isTemporary) {
			await chat.reload();                             // kept, and sent by the next page
			await chat.page.waitForFunction(() => document.querySelectorAll('.sendnote').length === 0 && document.querySelectorAll('.msg.a[data-status=complete]').length >= 2);
			continue;
		}
		await note.getByRole('button', { name: en.discard }).click();
		await note.waitFor({ state: 'detached' });
	}
});

test('without /api/config the page is usable, without a session ended it says what to do', async () => {
	const chat = await browser.open(system.url, { before: (page) => page.route('**/api/config', (route) => route.fulfill({ status: 404, body: '' })) });
	await chat.state('polling');
	await chat.send('[[echo]] hola');
	await chat.ended();
	assert.equal((await chat.shown())[1].text, 'hola');
	await chat.page.route('**/api/chats/**', (route) => route.fulfill({ status: 401, contentType: 'application/problem+json', body: '{"code":"sign_in"}' }));
	chat.expect(/status of 401/);
	await chat.reload();
	await chat.page.getByText(en.gone_401).waitFor();
});
