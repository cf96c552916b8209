// The main job, as a person sees it: type, watch the answer arrive, reload, and all of it is still there. In both languages.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

const LANGUAGES = [
	{ locale: 'es-ES', lang: 'es', ask: 'Pregunta lo que quieras', demo: /Modelo de demostración/, live: 'En línea', text: '¿Qué es una cola acotada?' },
	{ locale: 'en-GB', lang: 'en', ask: 'Ask anything', demo: /Demo model/, live: 'Online', text: 'What is a bounded queue?' },
];
const GROWTH_MIN = 8;             // steps in which the answer must be seen to grow

let system, browser;
before(async () => {
	system = await startSystem({ env: { AI_API_KEY: 'your_gemini_api_key' } });     // a placeholder: demo
	browser = await startBrowser();
	await system.standin.default({ first: 200, delay: 30, chunk: 24 });
});
after(() => stopAll(browser, system));

/** Distinct lengths of the answer, frame by frame, until it is over. */
const growth = (page) => page.evaluate(() => new Promise((done) => {
	const lengths = new Set();
	const look = () => {
		const answer = document.querySelector('.msg.a');
		lengths.add(answer?.querySelector('.md').textContent.length ?? 0);
		if (answer?.dataset.status === 'complete')
			done([...lengths]);
		else
			requestAnimationFrame(look);
	};
	look();
}));

for (const { locale, lang, ask, demo, live, text } of LANGUAGES)
	test(`${lang}: the answer grows while it streams, and a reload shows the same`, async () => {
		const chat = await browser.open(system.url, { locale });
		assert.equal(await chat.page.getAttribute('html', 'lang'), lang);
		assert.equal(await chat.page.getAttribute('#input', 'placeholder'), ask);
		assert.match(await chat.page.innerText('#demo'), demo);
		await chat.state('live');
		assert.equal((await chat.page.innerText('#conn')).trim(), live);
		await chat.shot(`empty-${lang}`);

		await chat.send(text);
		const lengths = await growth(chat.page);
		assert.ok(lengths.length >= GROWTH_MIN, `${lengths.length} steps: ${lengths}`);
		await chat.ended();
		const shown = await chat.shown();
		assert.deepEqual(shown.map((m) => m.role), ['user', 'assistant']);
		assert.equal(shown[0].text, text);
		assert.equal(await chat.copied(), (await chat.lastStored()).content);
		await chat.shot(`answer-${lang}`);

		await chat.reload();
		await chat.ended();
		assert.deepEqual(await chat.shown(), shown);
		assert.equal(await chat.page.innerText('#chats a[aria-current]'), text);
		assert.equal(await chat.page.innerText('#title'), text);
	});

test('a reload in the middle of an answer goes on where it is', async () => {
	const chat = await browser.open(system.url);
	await chat.send('[[bytes=4000]] long');
	await chat.grown(300);
	await chat.reload();
	await chat.grown(300);
	await chat.ended();
	assert.equal(await chat.copied(), (await chat.lastStored()).content);
});

test('the language can be switched, and the choice is kept', async () => {
	const chat = await browser.open(system.url, { locale: 'es-ES' });
	await chat.page.selectOption('#lang', 'en');
	assert.equal(await chat.page.innerText('#empty h2'), 'How can I help?');
	await chat.reload();
	assert.equal(await chat.page.getAttribute('html', 'lang'), 'en');
	assert.equal(await chat.page.innerText('#empty h2'), 'How can I help?');
});

test('two pages in one chat see the same, and a new chat is another one', async () => {
	const one = await browser.open(`${system.url}/#c=o-shared`);
	await one.state('live');
	const two = await browser.open(`${system.url}/?chat=o-shared`);
	await two.state('live');
	await one.send('hello, you two');
	await Promise.all([one.ended(), two.ended()]);
	assert.deepEqual(await two.shown(), await one.shown());
	await one.page.click('#new');
	await one.page.waitForSelector('#empty:not([hidden])');
	assert.equal(one.id, null);
	await one.page.goBack();
	await one.ended();
	assert.deepEqual(await one.shown(), await two.shown());
});
