(
    EXISTS (SELECT FROM agreements_program WHERE opened_at IS NOT NULL) AND person.erased_at IS NULL
        AND NOT EXISTS (SELECT FROM mail_message WHERE key = 'first_commission:' || person.id) AND NOT EXISTS (
        SELECT
        FROM payouts_commission earlier
        WHERE earlier.affiliate_id = person.id AND earlier.order_id NOT IN (SELECT order_id FROM new) AND (
            earlier.amount > 0 OR earlier.forfeited_at IS NOT NULL
                OR EXISTS (SELECT FROM payouts_statementline line WHERE line.commission_id = earlier.line_id)
        )
    )
)
