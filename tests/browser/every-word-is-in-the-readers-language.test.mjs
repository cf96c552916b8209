// No text of the page stands outside its dictionaries; language, title, dates and numbers follow the choice.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem({ env: { AI_API_KEY: 'your_gemini_api_key', AI_MODELS: 'gemini-3.8-pro' } });
	browser = await startBrowser();
});
after(() => stopAll(browser, system));

/** English whose every text is in marks. */
const MARKED = readFileSync(new URL('../../www/js/i18n/en.js', import.meta.url), 'utf8')
	.replace('export default', 'const words =') + '\nconst mark = (v) => (typeof v === "string" ? `«${v}»` : Object.fromEntries(Object.entries(v).map(([k, x]) => [k, mark(x)])));\nexport default mark(words);\n';
/** What is no word of ours: names, what people and the model said, numbers, signs. */
const DATA = /^(Charla|Español|English|gemini-[\w.-]+|mensaje|respuesta|ECO|[\d\W]*|js)$/;

/** Everything that is shown or told, without marks. */
const unmarked = (page) => page.evaluate(() => {
	const texts = [];
	const isShown = (el) => el.checkVisibility({ visibilityProperty: true }) || el.closest('.vh');
	for (const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT); walk.nextNode();)
		if (isShown(walk.currentNode.parentElement) && !walk.currentNode.parentElement.closest('noscript,.details'))
			texts.push(walk.currentNode.data);
	for (const el of document.querySelectorAll('[aria-label],[placeholder],[title]'))
		if (isShown(el))
			texts.push(...['aria-label', 'placeholder', 'title'].map((name) => el.getAttribute(name) ?? ''));
	return texts.map((text) => text.trim()).filter((text) => text && !text.startsWith('«'));
});

test('in a language whose every text is marked, no other text is found', async () => {
	const chat = await browser.open(system.url, { before: (page) => page.route('**/js/i18n/en.js', (route) => route.fulfill({ contentType: 'text/javascript', body: MARKED })) });
	const { page } = chat;
	const looked = async (state) => assert.deepEqual((await unmarked(page)).filter((text) => !DATA.test(text)), [], state);
	await chat.state('live');
	await looked('empty');
	await system.standin.queue([{ echo: true, first: 500, chunk: 3, delay: 20 }]);
	await chat.send('respuesta');
	await page.waitForSelector('.msg.a .dots');
	await looked('waiting');
	await chat.ended();
	await page.click('.msg.a [aria-expanded]');
	await looked('answer');
	await page.hover('#chats li');
	await page.click('#chats .rowmenu');
	await looked('menu');
	await page.keyboard.press('Escape');
	await page.click('#settings');
	await page.waitForSelector('dialog .danger:not([hidden])');
	await looked('settings');
	await page.keyboard.press('Escape');
	await page.click('#people');
	await page.waitForSelector('dialog .go');
	await looked('people');
	await page.keyboard.press('Escape');
	await page.click('#title');
	await page.keyboard.press('?');
	await page.waitForSelector('.keylist');
	assert.deepEqual((await unmarked(page)).filter((text) => !DATA.test(text) && !/^[KO]$/.test(text)), [], 'keys');
});

test('language, title, days and numbers follow the choice', async () => {
	const chat = await browser.open(system.url, { locale: 'es-ES' });
	const { page } = chat;
	assert.equal(await page.getAttribute('html', 'lang'), 'es');
	await system.standin.queue([{ echo: true }]);
	await chat.send('mensaje');
	await chat.ended();
	assert.equal(await page.title(), 'mensaje · Charla');
	assert.equal(await page.innerText('#chats h2'), 'Hoy');
	await page.selectOption('#lang', 'en');
	assert.equal(await page.getAttribute('html', 'lang'), 'en');
	assert.equal(await page.innerText('#chats h2'), 'Today');
	assert.equal(await page.getAttribute('#input', 'placeholder'), 'Ask anything');
	const said = await page.evaluate(async () => {
		const { setLanguage, t } = await import('/js/i18n.js');
		const { dayGroup } = await import('/js/sidebar.js');
		const day = (lang) => dayGroup(Date.UTC(2026, 2, 15, 12), Date.UTC(2026, 10, 24, 12), lang).text;
		const out = ['es', 'en'].flatMap((lang) => { setLanguage(lang); return [t('tokens', { n: 1 }), t('tokens', { n: 2481 }), day(lang)]; });
		return out;
	});
	assert.deepEqual(said, ['1 token', '2.481 tokens', 'Marzo de 2026', '1 token', '2,481 tokens', 'March 2026']);
});
