<?php
/**
 * Plugin Name: Accord click ids
 * Description: Stores the click id of a tracking link in a cookie, and with the order. Save as wp-content/mu-plugins/accord.php.
 */

defined( 'ABSPATH' ) || exit;

const ACCORD_COOKIE = 'accord_click_id';
const ACCORD_DAYS   = 3; // The attribution window of the agreement.

/** Return the click id in an array such as $_GET, or ''. */
function accord_read_click_id( array $values, string $name ): string {
	$value = $values[ $name ] ?? '';
	return is_string( $value ) && preg_match( '/\A[A-Za-z0-9_-]{76}\z/', $value ) ? $value : '';
}

add_action(
	'init',
	function () {
		$click_id = accord_read_click_id( $_GET, 'click_id' );
		// Without a plugin for consent, ask yours here: the cookie is not strictly necessary for the shop.
		if ( '' === $click_id || ( function_exists( 'wp_has_consent' ) && ! wp_has_consent( 'marketing' ) ) ) {
			return;
		}
		$expires = time() + ACCORD_DAYS * 86400;
		setcookie( ACCORD_COOKIE, $click_id, array( 'expires' => $expires, 'path' => '/', 'secure' => is_ssl(), 'samesite' => 'Lax' ) );
		// No cache may give this visitor's cookie to others.
		nocache_headers();
	}
);

/** Store the click id with an order of the classic or of the block checkout. */
function accord_store_click_id( $order ): void {
	$click_id = accord_read_click_id( $_COOKIE, ACCORD_COOKIE );
	if ( '' !== $click_id ) {
		$order->update_meta_data( '_accord_click_id', $click_id );
		$order->save();
	}
}

add_action( 'woocommerce_checkout_order_created', 'accord_store_click_id' );
add_action( 'woocommerce_store_api_checkout_order_processed', 'accord_store_click_id' );
