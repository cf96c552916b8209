/* actions.js - the two forms: sending an event, ending a user's connections. */
import { appPath, post } from './api.js';
import { $ } from './dom.js';
import { t } from './i18n.js';

let app = null;

function say(id, text, isGood) {
	$(id).textContent = text;
	$(id).className = `said ${isGood ? 'good' : 'bad'}`;
}

async function run(form, said, work) {
	const button = form.querySelector('button');
	button.disabled = true;
	try {
		say(said, await work(), true);
	} catch (e) {
		say(said, e.status === 0 ? t('no_server') : e.isOurs ? e.message : t('failed', { why: e.message }), false);
	} finally {
		button.disabled = false;
	}
}

function readData() {
	try {
		return JSON.parse($('send-data').value);
	} catch (e) {
		throw Object.assign(new Error(t('bad_json', { why: e.message })), { isOurs: true });
	}
}

async function send() {
	const { delivered } = await post(appPath(app, 'event'), { channel: $('send-channel').value, name: $('send-event').value, data: readData() });
	return t('delivered_n', { n: delivered });
}

async function end() {
	const { terminated } = await post(appPath(app, 'terminate'), { user_id: $('end-user').value });
	return t('terminated_n', { n: terminated });
}

export function begin(next) {
	app = next;
	for (const id of ['send-said', 'end-said'])
		say(id, '', true);
}

export function setUp() {
	$('send').addEventListener('submit', (e) => { e.preventDefault(); run(e.target, 'send-said', send); });
	$('end').addEventListener('submit', (e) => { e.preventDefault(); run(e.target, 'end-said', end); });
	$('send-data').addEventListener('input', () => {
		try {
			readData();
			say('send-said', '', true);
		} catch (e) {
			say('send-said', e.message, false);
		}
	});
}
