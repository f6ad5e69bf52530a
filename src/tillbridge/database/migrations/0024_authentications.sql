-- Shoppers who are authenticated before they pay (3-D Secure): what stands between two posts of one
-- checkout. Only of connections that ask for it, and only while it lasts.
CREATE TABLE authentications (
    wire_key text PRIMARY KEY, -- the attempt's
    step text NOT NULL,        -- what the shopper's page has to do now
    page jsonb NOT NULL,       -- what it needs for that
    kept jsonb NOT NULL,       -- what the payment system's next call needs
    token_sha256 bytea NOT NULL, -- of the token that is being authenticated: no other may pay
    is_used boolean NOT NULL DEFAULT false, -- its proof went out with an authorization
    asked_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX authentications_by_age ON authentications (asked_at);
