"""Employees without their passwords: a session is written where the server looks for it."""
import datetime
import hashlib
import secrets

from client import Client, fresh_key


def officer(stack, phone, database, user):
    """The employee of this user name, logged in for an hour."""
    token = secrets.token_urlsafe(32)
    now = datetime.datetime.utcnow()
    database("INSERT INTO session (token_hash, staff_id, created_at, expires_at) SELECT %s, id, %s, %s FROM staff WHERE user_name = %s",
             (hashlib.sha256(token.encode()).digest(), now, now + datetime.timedelta(hours=1), user))
    return Client(stack.base_url, phone, token=token)


def holder(stack, phone, database, number):
    """The LME who has this complaint."""
    user, = database("SELECT s.user_name FROM complaint c JOIN staff s ON s.id = c.holder_id WHERE c.number = %s", (number,))[0]
    return officer(stack, phone, database, user)


def act(who, number, action, expect=200, **fields):
    """Moves it from where this person sees it."""
    version = who.get(f"/complaints/{number}", expect=200).data["version"]
    return who.post(f"/complaints/{number}/actions", {"action": action, "version": version, **fields}, expect=expect, key=fresh_key())
