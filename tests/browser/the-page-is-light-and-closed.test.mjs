// The first load is small, comes from here alone, and is not repeated; the page may not parse HTML, whoever asks.
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startSystem } from '../integration/harness.mjs';
import { startBrowser, stopAll } from './browser.mjs';

const REQUESTS_MAX = 16, BYTES_MAX = 70_000, NOT_MODIFIED_MAX = 1000;
const ALL_REQUESTS_MAX = 35, ALL_BYTES_MAX = 127_000;        // with a chat that is opened by its link
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; font-src 'self'; connect-src 'self' ws: wss:; "
	+ "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'";

let system, browser;
before(async () => {
	system = await startSystem();
	browser = await startBrowser();
});
after(() => stopAll(browser, system));

/** What goes over the wire, headers and all, as the browser's network layer counts it. */
async function measured(url) {
	const seen = new Map();
	const chat = await browser.open(url, { before: async (page) => {
		const cdp = await page.context().newCDPSession(page);
		await cdp.send('Network.enable');
		cdp.on('Network.responseReceived', (e) => seen.set(e.requestId, { url: e.response.url, status: e.response.status, bytes: 0 }));
		cdp.on('Network.loadingFinished', (e) => { if (seen.has(e.requestId)) seen.get(e.requestId).bytes = e.encodedDataLength; });
	} });
	await chat.page.waitForLoadState('networkidle');
	return { chat, requests: () => [...seen.values()].filter((r) => !r.url.startsWith('data:')) };
}

const sum = (list) => list.reduce((all, r) => all + r.bytes, 0);
const table = (list) => list.map((r) => `${r.bytes} ${r.url}`).join('\n');

test(`the first load: at most ${REQUESTS_MAX} requests and ${BYTES_MAX} bytes, all from here`, async () => {
	const { requests } = await measured(system.url);
	const list = requests();
	assert.ok(list.length <= REQUESTS_MAX, `${list.length} requests\n${table(list)}`);
	assert.ok(sum(list) <= BYTES_MAX, `${sum(list)} bytes\n${table(list)}`);
	assert.deepEqual(list.filter((r) => new URL(r.url).origin !== system.url), []);
});

test('with a chat and all that shows it', async () => {
	const first = await browser.open(`${system.url}/#c=o-light`);
	await first.send('hola [[echo]]');
	await first.ended();
	const { chat, requests } = await measured(`${system.url}/#c=o-light`);
	await chat.ended();
	assert.ok(requests().length <= ALL_REQUESTS_MAX, table(requests()));
	assert.ok(sum(requests()) <= ALL_BYTES_MAX, `${sum(requests())} bytes\n${table(requests())}`);
});

test('who comes again loads no file again', async () => {
	const { chat, requests } = await measured(system.url);
	const before = requests().length;
	await chat.reload();
	await chat.page.waitForLoadState('networkidle');
	const again = requests().slice(before).filter((r) => !r.url.includes('/api/'));
	assert.ok(again.length > 0);
	assert.deepEqual(again.filter((r) => r.bytes > NOT_MODIFIED_MAX), []);
});

test('the policy is exactly that, and holds', async () => {
	const answer = await fetch(system.url);
	assert.equal(answer.headers.get('content-security-policy'), CSP);
	const html = await answer.text();
	assert.doesNotMatch(html, /<[^>]+\s(?:style|on\w+)=|<style|<script(?![^>]*\ssrc=)/i);
	const chat = await browser.open(system.url);
	chat.expect(/TrustedHTML|Content Security Policy/i);
	assert.equal(await chat.page.evaluate(() => {
		const violations = [];
		for (const act of [(el) => { el.innerHTML = '<b>x</b>'; }, () => trustedTypes.createPolicy('x', {})])
			try {
				act(document.createElement('p'));
				violations.push(String(act));
			} catch { /* as it should be */ }
		return violations.join();
	}), '');
});

test('nothing that is kept in the browser or stands in the address is a token', async () => {
	const chat = await browser.open(system.url);
	await chat.send('hola [[echo]]');
	await chat.ended();
	const kept = await chat.page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, location.href, document.cookie]));
	const [cookie] = await chat.page.context().cookies();
	assert.ok(cookie.httpOnly && cookie.sameSite === 'Lax' && cookie.value.length > 30);
	assert.ok(!kept.includes(cookie.value));
});
