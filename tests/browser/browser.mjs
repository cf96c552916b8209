/**
 * A real Chromium for tests of the page, and what such tests do again and again.
 *
 *   const browser = await startBrowser();
 *   const chat = await browser.open(system.url, { locale: 'es-ES' });    a Chat: one page in a context of its own
 *   await chat.send('hola');  await chat.ended();  await chat.copied()   === the stored text
 *   await stopAll(browser, system);     throws if a page broke its CSP, threw, or complained in its console
 *
 * CHROMIUM: its path (/usr/bin/chromium). SHOTS: the directory where shot(name) puts pictures (build/shots).
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { ROOT } from '../integration/harness.mjs';

const SHOTS = process.env.SHOTS ?? join(ROOT, 'build/shots');
const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync'];
const PAGE_MS = 60_000;           // nothing waits so long but on a machine that has ten other things to do
const NO_ERROR = [
	/the server responded with a status of 404/,                // an open chat before its first message
	/WebSocket is closed before the connection is established/, // a slow machine: the page tries again
	/WebSocket is already in CLOSING or CLOSED state/,          // a channel is left in the moment in which the server closes
];
const OVER = '.msg.a:last-of-type:is([data-status=complete],[data-status=truncated],[data-status=stopped],[data-status=blocked],[data-status=error])';

export class Chat {
	constructor(page, problems) {
		Object.assign(this, { page, problems });
	}

	get id() { return new URLSearchParams(new URL(this.page.url()).hash.slice(1)).get('c'); }

	/** What the pill says: live, polling, connecting, offline, down. */
	state(state) { return this.page.waitForSelector(`#conn[data-s=${state}]`); }

	async send(text) {
		await this.page.fill('#input', text);
		await this.page.press('#input', 'Enter');
	}

	/** Until the count-th answer is over and wholly drawn. */
	async ended(count = 1) {
		await this.page.waitForFunction(([over, n]) => document.querySelectorAll('.msg.a').length === n && document.querySelector(over)
			&& !document.querySelector('.md[aria-busy]'), [OVER, count]);
	}

	/** Until the last answer shows that many characters. */
	grown(length) {
		return this.page.waitForFunction((n) => [...document.querySelectorAll('.msg.a .md')].at(-1)?.textContent.length >= n, length);
	}

	/** [{role, text}] as one reads it. */
	shown() {
		return this.page.$$eval('.msg', (all) => all.map((li) => ({
			role: li.classList.contains('u') ? 'user' : 'assistant', text: li.querySelector('.body,.md').innerText.trim(),
		})));
	}

	/** The last answer's source, by its copy button. */
	async copied() {
		await this.page.locator('.msg.a [data-act=copy]').last().click();
		await this.page.waitForSelector('.acts .ico[data-ta=copied]');
		return this.page.evaluate(() => navigator.clipboard.readText());
	}

	/** An answer's address is there once the server has made the chat. */
	made() { return this.page.waitForURL(/#c=(?!new)/); }

	/** What the server has of this chat: {seq, messages} */
	stored() {
		return this.api('GET', `chats/${encodeURIComponent(this.id)}/history?after=0`);
	}

	/** An answer of the API to this page's person. */
	api(method, path, body) {
		return this.page.evaluate(async ([method, path, body]) => {
			const options = body && { headers: { 'Content-Type': 'application/json' }, body: JSON.stringify(body) };
			const answer = await fetch(`/api/${path}`, { method, ...options });
			return answer.status === 204 ? null : answer.json();
		}, [method, path, body]);
	}

	async lastStored() {
		return (await this.stored()).messages.filter((m) => m.role === 'assistant').at(-1);
	}

	/** Requests and errors that a test provokes do not count against the page. */
	expect(pattern) { this.problems.expected.push(pattern); }

	async reload() {
		await this.page.reload();
		await this.page.waitForSelector('html[data-ready]');
	}

	async shot(name) {
		mkdirSync(SHOTS, { recursive: true });
		await this.page.screenshot({ path: join(SHOTS, `${name}.png`) });
	}
}

/** Of a task of a trace: its largest parts, as one line. */
function partsOf(task, events) {
	const sums = new Map();
	for (const e of events)
		if (e.cat.includes('devtools.timeline') && e.pid === task.pid && e.ts >= task.ts && e.ts < task.ts + task.dur) {
			const name = [e.name, e.args?.data?.functionName, e.args?.data?.url?.split('/').at(-1)].filter(Boolean).join(' ');
			sums.set(name, (sums.get(name) ?? 0) + e.tdur / 1000);
		}
	return [...sums].sort((a, b) => b[1] - a[1]).slice(0, 6).map(([name, ms]) => `${name} ${ms.toFixed(1)}`).join(', ');
}

class Browser {
	constructor(chromium) {
		this.chromium = chromium;
		this.pages = [];
	}

	/** options: of Playwright's context, and before(page): called before the page is loaded. */
	async open(url, { before, ...options } = {}) {
		const context = await this.chromium.newContext({ locale: 'en-GB', viewport: { width: 1280, height: 800 }, ...options });
		await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: new URL(url).origin });
		const page = await context.newPage();
		page.setDefaultTimeout(PAGE_MS);
		const problems = { said: [], expected: [...NO_ERROR] };
		page.on('pageerror', (e) => problems.said.push(String(e)));
		page.on('console', (m) => { if (['error', 'warning'].includes(m.type())) problems.said.push(m.text()); });
		this.pages.push(problems);
		await before?.(page);
		await page.goto(url);
		await page.waitForSelector('html[data-ready]');
		return new Chat(page, problems);
	}

	/**
	 * What act() costs the main thread of chat's page: the milliseconds of processor time of each task over floor, longest
	 * first, each with the calls in it. Waiting for a processor is not counted, so a busy machine makes no difference.
	 */
	async tasks(chat, act, floor) {
		await this.chromium.startTracing(chat.page, { categories: ['toplevel', 'devtools.timeline'] });
		await act().catch(async (e) => { await this.chromium.stopTracing(); throw e; });
		const { traceEvents } = JSON.parse(await this.chromium.stopTracing());
		const mains = new Set(traceEvents.filter((e) => e.args?.name === 'CrRendererMain').map((e) => `${e.pid}.${e.tid}`));
		const own = traceEvents.filter((e) => e.tdur !== undefined && mains.has(`${e.pid}.${e.tid}`));
		return own.filter((e) => e.name === 'ThreadControllerImpl::RunTask' && e.tdur >= floor * 1000).sort((a, b) => b.tdur - a.tdur)
			.map((task) => ({ ms: task.tdur / 1000, does: partsOf(task, own) }));
	}

	async stop() {
		await this.chromium.close();
		const bad = this.pages.flatMap(({ said, expected }) => said.filter((text) => !expected.some((e) => e.test(text))));
		if (bad.length > 0)
			throw new Error(`the page complained:\n${bad.join('\n')}`);
	}
}

/** Stops each, whatever the others say; throws what the first has to say. */
export async function stopAll(...things) {
	const said = await Promise.allSettled(things.map((thing) => thing?.stop()));
	const bad = said.find((s) => s.status === 'rejected');
	if (bad)
		throw bad.reason;
}

export async function startBrowser() {
	return new Browser(await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ARGS }));
}
