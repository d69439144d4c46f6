-- Evaluators read what is their own, and how far apart they are once their own sheet is in.

ALTER TABLE access.api_key DROP CONSTRAINT api_key_role_check;
ALTER TABLE access.api_key ADD CONSTRAINT api_key_role_check
    CHECK (role IN ('agency', 'consortium', 'evaluator', 'auditor'));
