/*
 * Of a chat of any length only a part is in the page; whoever scrolls meets every message, in order, both ways.
 */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { SPAN_MAX, STEP, Span } from '../../www/js/span.js';

const order = (n, from = 0) => Array.from({ length: n }, (_, i) => `m${from + i}`);

test('a short chat is there as a whole', () => {
	const span = new Span();
	assert.deepEqual(span.of(order(SPAN_MAX + STEP), true), order(SPAN_MAX + STEP));
	assert.deepEqual([span.from, span.to], [null, null]);
	assert.deepEqual(span.of([], true), []);
});

test('of a long one the end, until somebody scrolls up; then what is far below goes', () => {
	const all = order(2000), span = new Span();
	assert.deepEqual(span.of(all, true), all.slice(-SPAN_MAX));
	const met = new Set(span.of(all, true));
	for (let i = 0; span.from !== null; i++) {
		assert.ok(i < 100);
		span.up(all);
		const ids = span.of(all, false);
		assert.ok(ids.length <= SPAN_MAX + STEP);
		ids.forEach((id) => met.add(id));
	}
	assert.equal(met.size, 2000);
	assert.deepEqual(span.of(all, false), all.slice(0, SPAN_MAX));
	for (let i = 0; span.to !== null; i++) {
		assert.ok(i < 100);
		const before = span.of(all, true);
		span.down(all);
		assert.ok(before.some((id) => span.of(all, true).includes(id)), 'what one looks at stays');
	}
	assert.deepEqual(span.of(all, true), all.slice(-SPAN_MAX));
	span.up(all);
	assert.notEqual(span.to, null);
	span.toEnd();
	assert.deepEqual(span.of(all, true), all.slice(-SPAN_MAX));
});

test('what is loaded above joins, what is written below does not push away what is read', () => {
	const span = new Span();
	let all = order(300, 1000);
	assert.equal(span.of(all, false).length, 300);
	all = [...order(100, 900), ...all];
	assert.deepEqual(span.of(all, false), all.slice(0, SPAN_MAX));
	const read = span.of(all, false);
	all = [...all, ...order(60, 1300)];
	assert.deepEqual(span.of(all, false), read);
});

test('a branch that is left takes its ends along', () => {
	const span = new Span(), all = order(1000);
	span.of(all, true);
	span.up(all);
	const other = [...order(400), ...order(20, 5000)];
	assert.ok(span.of(other, true).includes('m5019'));
	assert.deepEqual(span.of(order(10), true), order(10));
	assert.deepEqual([span.from, span.to], [null, null]);
});
