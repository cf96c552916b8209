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
const payloads = [...tags, ...marks, ...structures];

/** Everything in the thread, and what of it could act. */
const suspects = (page) => page.$$eval('.msg *', (all) => all.flatMap((e) => {
	const bad = [...e.attributes].filter(({ name, value }) => /^on/i.test(name) || (/^(href|src|action|formaction|data|srcdoc|xlink:href|poster|background)$/i.test(name) && !/^(https?:|mailto:|#|\/(?!\/))/i.test(value)) || (name === 'style' && /url|expression/i.test(value)));
	const tag = /^(script|iframe|object|embed|link|meta|base|form|video|audio|template|style|math)$/i.test(e.tagName) || (e.tagName === 'IMG' && /^(https?:)?\/\//.test(e.getAttribute('src') ?? ''));
	return tag || bad.length > 0 ? [e.outerHTML.slice(0, 200)] : [];
}));

test(`${payloads.length} hostile texts, by a person and by the model, whole and in pieces`, { timeout: 180_000 }, async () => {
	assert.ok(payloads.length >= 100);
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
