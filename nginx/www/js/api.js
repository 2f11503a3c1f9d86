// The REST API: one call with a time limit, every way of failing as a Problem, and the citizen's session. The session's cookie is
// out of our sight, so we keep the CSRF word, and the time until which it is worth asking.

import { language, recall, remember } from './i18n.js';

const BASE = '/api/v1';
const STORED = 'ekmc.session_until';
const LIMIT_MS = 10000; // nginx gives up after 6 s, the database after 5

let csrf = null;

export class Problem extends Error {
	/** @param status 0 when nothing came back: code is then "offline" or "timeout", and what happened is not known. */
	constructor(status, body, headers) {
		super(body.detail ?? body.title ?? body.code);
		this.status = status;
		this.code = body.code ?? 'unavailable';
		this.errors = Array.isArray(body.errors) ? body.errors : [];
		this.retryAfter = Number(headers?.get('Retry-After')) || 0;
		this.link = headers?.get('Link') ?? '';
	}

	/** Whether the request may have been carried out all the same. */
	get unknown() {
		return this.status === 0 || this.status >= 500;
	}
}

export async function call(method, path, { body, key } = {}) {
	const headers = { Accept: 'application/json', 'Accept-Language': language };
	if (body !== undefined)
		headers['Content-Type'] = 'application/json';
	if (key)
		headers['Idempotency-Key'] = key;
	if (csrf && method !== 'GET')
		headers['X-Ekmc-Csrf'] = csrf;

	let answer;
	let text;
	const stop = new AbortController();
	const timer = setTimeout(() => stop.abort(), LIMIT_MS);
	try {
		answer = await fetch(BASE + path, {
			method, headers, signal: stop.signal, credentials: 'same-origin', cache: 'no-cache',
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		text = await answer.text();
	} catch {
		throw new Problem(0, { code: stop.signal.aborted ? 'timeout' : 'offline' });
	} finally {
		clearTimeout(timer);
	}
	let data = null;
	try {
		data = text ? JSON.parse(text) : null;
	} catch {
		throw new Problem(answer.ok ? 502 : answer.status, {}, answer.headers);
	}
	if (!answer.ok)
		throw new Problem(answer.status, data ?? {}, answer.headers);
	return data;
}

/** The same request up to three times: only for requests that carry a key, since the first may have been carried out. */
export async function insist(method, path, options) {
	for (const wait of [800, 2500, 0]) {
		try {
			return await call(method, path, options);
		} catch (e) {
			const passing = e.unknown || e.code === 'still_running';
			if (!passing || wait === 0)
				throw e;
			await new Promise((done) => setTimeout(done, wait));
		}
	}
}

// -- session ----------------------------------------------------------------------------------------------------

export function forget() {
	csrf = null;
	remember('localStorage', STORED, null);
}

/** Who is signed in, or null. Asks only when there was a session, so that visitors cause no refused request. */
export async function resume() {
	const until = recall('localStorage', STORED);
	if (!until || new Date(until) < Date.now())
		return null;
	try {
		const me = await call('GET', '/me');
		csrf = me.csrf;
		return me;
	} catch (e) {
		if (e.status === 401)
			forget();
		return null;
	}
}

export async function signIn(otpId, code) {
	const session = await call('POST', '/sessions', { body: { otp_id: otpId, code, cookie: true } });
	csrf = session.csrf;
	remember('localStorage', STORED, session.expires_at);
	return session.me;
}

export async function signOut() {
	try {
		await call('DELETE', '/sessions/current');
	} finally {
		forget();
	}
}

/** Runs `send`; another page of ours may have changed the CSRF word, so that refusal is asked about once. */
export async function signed(send) {
	try {
		return await send();
	} catch (e) {
		if (e.code !== 'csrf' || !(await resume()))
			throw e;
		return send();
	}
}
