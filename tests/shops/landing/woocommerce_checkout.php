<?php
// Runs the recipe for WooCommerce with stand-ins for WordPress: a visit with a click id, then a checkout of each kind.
// php woocommerce_checkout.php RECIPE CLICK_ID
namespace Recipe;

const ABSPATH = '/';
$actions = $cookies = $meta = array();
$consent = true;

function defined( $name ) { return 'ABSPATH' === $name; }
function is_ssl() { return true; }
function nocache_headers() {}
function wp_has_consent( $purpose ) { return 'marketing' === $purpose && $GLOBALS['consent']; }
function add_action( $name, $do ) { $GLOBALS['actions'][ $name ] = is_string( $do ) ? __NAMESPACE__ . '\\' . $do : $do; }
function function_exists( $name ) { return \function_exists( $name ) || \function_exists( __NAMESPACE__ . '\\' . $name ); }
function setcookie( $name, $value, $options ) {
	$age = $options['expires'] - time();
	$GLOBALS['cookies'][] = array( "$name=$value", $age, $options['path'], $options['samesite'], $options['secure'] );
}

class Order {
	private $values = array();
	public function update_meta_data( $name, $value ) { $this->values = array( $name, $value ); }
	public function save() { $GLOBALS['meta'][] = array( ...$this->values, 'saved' ); }
}

eval( 'namespace Recipe; ?>' . file_get_contents( $argv[1] ) );

$_GET = array( 'click_id' => $argv[2] );
$actions['init']();
$stored = $cookies;
$_COOKIE = array( 'accord_click_id' => $argv[2] );
$actions['woocommerce_checkout_order_created']( new Order() );
$actions['woocommerce_store_api_checkout_order_processed']( new Order() );
$cookies = array();
$consent = false;
$actions['init']();
echo json_encode( array( 'cookies' => $stored, 'meta' => $meta, 'refused' => $cookies ) );
