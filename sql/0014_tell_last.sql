-- What cannot be re-opened again is not said to be: the texts come with the seed. A re-opening that is refused is no event; whoever
-- tried it has the answer, and nothing was ever sent by this name.

ALTER TABLE notification_rule
  MODIFY COLUMN event VARCHAR(20) CHARACTER SET ascii COLLATE ascii_bin NOT NULL COMMENT 'the action on the timeline; resolve_last, reject_last: that, with no re-opening left; overdue: level 2 is past its promise, which is no event';

INSERT INTO notification_rule (event, to_state, audience, destination, template) VALUES
  ('resolve_last', '', 'citizen', 'sms', 'resolved_last'),
  ('reject_last', '', 'citizen', 'sms', 'rejected_last');

DELETE FROM sms_template_change WHERE code = 'reopen_refused';
DELETE FROM sms_template WHERE code = 'reopen_refused';
