// Asked, stopped, asked anew, edited, named, found, taken along, deleted and brought back: in both languages, on a desktop and a phone.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, test } from 'node:test';
import { startSystem, waitFor } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

let system, browser;
before(async () => {
	system = await startSystem();
	browser = await startBrowser();
	await system.standin.default({ first: 30, delay: 15, chunk: 60 });
});
after(() => stopAll(browser, system));

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
const WORDS = {
	es: { locale: 'es-ES', stop: 'Detener', again: 'Otra respuesta', stopped: 'Respuesta detenida.', edit: 'Editar', send: 'Enviar', before: 'Versión anterior',
		today: 'Hoy', menu: 'Opciones de la conversación', rename: 'Cambiar el nombre', remove: 'Borrar', undo: 'Deshacer', markdown: 'Descargar en Markdown', none: 'No hay resultados.' },
	en: { locale: 'en-GB', stop: 'Stop', again: 'Another answer', stopped: 'Answer stopped.', edit: 'Edit', send: 'Send', before: 'Previous version',
		today: 'Today', menu: 'What to do with this chat', rename: 'Rename', remove: 'Delete', undo: 'Undo', markdown: 'Download as Markdown', none: 'Nothing found.' },
};

for (const lang of ['es', 'en'])
	for (const [device, options] of [['desktop', {}], ['phone', PHONE]])
		test(`${lang}, ${device}`, async () => {
			const w = WORDS[lang];
			const chat = await browser.open(system.url, { locale: w.locale, ...options });
			const { page } = chat;
			const name = (what) => `life-${what}-${lang}-${device}`;
			const list = async () => {
				if (device === 'phone')
					await page.click('#menu');
				await page.locator('.side').waitFor();
			};
			const button = (text, within = page) => within.getByRole('button', { name: text, exact: true });
			const says = (text) => page.getByText(text, { exact: true }).last().waitFor();
			await chat.shot(name('empty'));

			// asked and stopped: what one saw stays, and no more
			await system.standin.queue([{ bytes: 9000, delay: 150 }, { echo: true }]);
			await chat.send('primera');
			await chat.grown(200);
			await button(w.stop).click();
			await says(w.stopped);
			await chat.ended();
			const stopped = await chat.lastStored();
			assert.equal(stopped.status, 'stopped');
			assert.ok(stopped.length > 150 && stopped.length < 8000, `${stopped.length}`);
			assert.equal(await chat.copied(), stopped.content);
			await chat.shot(name('stopped'));

			// another answer is a version; the first one is a step back
			await button(w.again).click();
			await chat.ended();
			assert.equal(await page.innerText('.msg.a .versions .count'), '2/2');
			await button(w.before).click();
			await page.waitForFunction(() => document.querySelector('.versions .count')?.textContent === '1/2');
			await says(w.stopped);
			assert.equal(await chat.copied(), stopped.content);
			assert.equal((await chat.stored()).headId, stopped.id);

			// the question said anew
			await page.locator('.msg.u').hover();
			await button(w.edit, page.locator('.msg.u')).click();
			await page.fill('.edit textarea', '[[bytes=300]] ¿y de otra forma?');
			await chat.shot(name('edit'));
			await button(w.send, page.locator('.edit')).click();
			await page.waitForFunction(() => document.querySelector('.msg.u .body')?.textContent.includes('otra forma'));
			await chat.ended();
			assert.equal(await page.locator('.msg').count(), 2);
			assert.equal(await page.innerText('.msg.u .versions .count'), '2/2');
			await chat.shot(name('versions'));

			// named, in the list under its day
			await list();
			const row = page.locator('#chats li').first();
			assert.equal(await page.innerText('#chats h2'), w.today);
			await row.hover();
			await button(w.menu, row).click();
			await chat.shot(name('menu'));
			await page.getByRole('menuitem', { name: w.rename }).click();
			await page.fill('#chats input', 'Mi cañón <b>');
			await page.press('#chats input', 'Enter');
			await page.waitForFunction(() => document.querySelector('#title').textContent === 'Mi cañón <b>');
			await waitFor(async () => (await chat.api('GET', `chats/${chat.id}`)).title === 'Mi cañón <b>', 'the new name is stored');

			// found by its title without accents, and by what was said
			await page.fill('#search', 'canon');
			assert.equal(await page.locator('#chats li').count(), 1);
			await page.fill('#search', 'otra forma');
			await page.locator('#chats .found mark').first().waitFor();
			await chat.shot(name('search'));
			await page.fill('#search', 'zzzz');
			await says(w.none);
			await page.fill('#search', '');

			// taken along
			await row.hover();
			await button(w.menu, row).click();
			const [file] = await Promise.all([page.waitForEvent('download'), page.getByRole('menuitem', { name: w.markdown }).click()]);
			assert.match(file.suggestedFilename(), /\.md$/);
			assert.match(readFileSync(await file.path(), 'utf8'), /otra forma/);

			// deleted, and back
			const { id } = chat;
			await row.hover();
			await button(w.menu, row).click();
			await page.getByRole('menuitem', { name: w.remove }).click();
			await button(w.undo).waitFor();
			await page.waitForSelector('#empty:not([hidden])', { state: device === 'phone' ? 'attached' : 'visible' });
			await chat.shot(name('deleted'));
			assert.equal(await page.locator('#chats li').count(), 0);
			await button(w.undo).click();
			await page.locator('#chats li').first().waitFor({ state: 'attached' });
			await page.waitForFunction((wanted) => location.hash === `#c=${wanted}`, id);
			await chat.ended();
			assert.equal(await page.innerText('#title'), 'Mi cañón <b>');
		});
