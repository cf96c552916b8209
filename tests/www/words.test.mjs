/*
 * Every word of the page is there in both languages, with the same places to fill, and none is there that nobody asks for.
 */
import assert from 'node:assert/strict';
import { readFileSync, readdirSync } from 'node:fs';
import { test } from 'node:test';
import en from '../../www/js/i18n/en.js';
import es from '../../www/js/i18n/es.js';

const WWW = new URL('../../www/', import.meta.url);
const code = readdirSync(new URL('js/', WWW)).filter((f) => f.endsWith('.js') && f !== 'i18n.js').map((f) => readFileSync(new URL(`js/${f}`, WWW), 'utf8')).join('\n');
const html = readFileSync(new URL('index.html', WWW), 'utf8');

/** Keys that are put together: a state's, an ending's, an error's. */
const MADE = /^(conn|why|ban|st|err)_|^idea\d(_|$)/;

const forms = (text) => (typeof text === 'string' ? { '': text } : text);
const places = (text) => Object.values(forms(text)).map((form) => [...new Set(form.match(/\{\w+\}/g) ?? [])].sort().join());

test('both languages have the same keys, forms and places', () => {
	assert.deepEqual(Object.keys(es), Object.keys(en));
	for (const key of Object.keys(en)) {
		assert.deepEqual(Object.keys(forms(es[key])).sort(), Object.keys(forms(en[key])).sort(), key);
		assert.deepEqual([...new Set(places(es[key]))], [...new Set(places(en[key]))], key);
	}
});

test('no text is empty, and none is the same in both but names and signs', () => {
	const same = Object.keys(en).filter((key) => JSON.stringify(en[key]) === JSON.stringify(es[key]));
	assert.deepEqual(same.filter((key) => !/^key_|^tokens$/.test(key)), []);
	for (const words of [en, es])
		for (const [key, text] of Object.entries(words))
			for (const form of Object.values(forms(text)))
				assert.ok(form.trim().length > 0 && !/^\s/.test(form), key);
});

test('every key that is asked for is there; every one that is there is asked for', () => {
	const asked = new Set([...html.matchAll(/data-t[apt]?="(\w+)"/g)].map((m) => m[1]));
	for (const [, key] of code.matchAll(/(?:\bt[apt]?: |\bt\(|\? |: |\[|, |\()'([a-z]\w*)'/g))
		asked.add(key);
	assert.deepEqual([...html.matchAll(/data-t[apt]?="(\w+)"/g)].map((m) => m[1]).filter((key) => !Object.hasOwn(en, key)), []);
	assert.deepEqual([...code.matchAll(/(?:\bt[apt]: |\bt\()'(\w+)'/g)].map((m) => m[1]).filter((key) => !Object.hasOwn(en, key)), []);
	assert.deepEqual(Object.keys(en).filter((key) => !asked.has(key) && !MADE.test(key)), []);
});
