"""Scripts that take the place of commands which change a machine. MACHINE is the folder of the test."""

SHIMS = {
    # Runs the command as the same user, with the variables that `env` or the command itself sets.
    "sudo": """
while [[ ${1:-} == -* ]]; do
    case $1 in -u) shift 2 ;; *) shift ;; esac
done
exec "$@"
""",
    # Fails for packages that the distribution does not know.
    "apt-get": """
[[ $1 == install ]] || exit 0
shift
for package in "$@"; do
    [[ $package == -* ]] || dpkg-query --show "$package" >/dev/null 2>&1 || apt-cache show "$package" >/dev/null
done
""",
    "adduser": "exit 0",
    # Copies the files of this checkout, with the paths and ports of the test.
    "git": """
[[ $* == *clone* ]] || exit 0
target=${*: -1}
mkdir -p "$target"
cd "$SOURCE"
/usr/bin/git -c safe.directory='*' ls-files --cached --others --exclude-standard -z |
    while IFS= read -r -d '' name; do [[ -L $name || ! -f $name ]] || printf '%s\\0' "$name"; done |
    tar --create --null --files-from - | tar --extract --directory "$target" --no-same-owner
sed -i -f "$MACHINE/shims/replace.sed" "$target/.env.example" "$target"/deploy/systemd/* "$target/deploy/nginx/accord.conf"
""",
    # A virtual environment with the packages of this checkout's, which needs no network.
    "python3": """
if [[ ${1:-} != -m || ${2:-} != venv ]]; then exec "$PYTHON" "$@"; fi
target=$3
version=$("$PYTHON" -c 'import sys; print("python%d.%d" % sys.version_info[:2])')
mkdir -p "$target/bin" "$target/lib/$version/site-packages"
echo "home = $(dirname "$PYTHON")" > "$target/pyvenv.cfg"
ln -s "$PYTHON" "$target/bin/python"
echo "$SITE_PACKAGES" > "$target/lib/$version/site-packages/packages.pth"
printf '#!/bin/sh\\nexec "%s/bin/python" -m pip "$@" --no-index --disable-pip-version-check\\n' "$target" > "$target/bin/pip"
chmod +x "$target/bin/pip"
""",
    # Without owner and group, which only root may set.
    "install": """
arguments=()
while (($#)); do
    case $1 in -g | -o) shift 2 ;; *) arguments+=("$1"); shift ;; esac
done
exec /usr/bin/install "${arguments[@]}"
""",
    "systemctl": """
exec "$PYTHON" -c '
import os, socket, sys
client = socket.socket(socket.AF_UNIX)
client.connect(os.environ["MACHINE"] + "/systemctl.socket")
client.sendall(" ".join(sys.argv[1:]).encode() or b" ")
status, _, text = b"".join(iter(lambda: client.recv(65536), b"")).decode().partition("\\n")
print(text, end="")
sys.exit(int(status))
' "$@"
""",
    # A certificate of an authority of the test.
    "certbot": """
domain=${*: -1}
live=$MACHINE/etc/letsencrypt/live/$domain
mkdir -p "$live"
cd "$live"
openssl req -x509 -newkey rsa:2048 -nodes -days 2 -subj "/CN=Authority of the test" -keyout ca.key -out ca.pem 2>/dev/null
openssl req -newkey rsa:2048 -nodes -subj "/CN=$domain" -keyout privkey.pem -out request.pem 2>/dev/null
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -out fullchain.pem \\
    -extfile <(echo "subjectAltName=DNS:$domain") 2>/dev/null
cp ca.pem "$MACHINE/ca.pem"
""",
    "nginx": """
if [[ $1 == -t ]]; then exec /usr/sbin/nginx -t -q -p "$MACHINE" -c etc/nginx/nginx.conf; fi
exec /usr/sbin/nginx "$@"
""",
    "curl": 'exec /usr/bin/curl --cacert "$MACHINE/ca.pem" --connect-to "$CONNECT" "$@"',
}

# What Debian's nginx.conf says, as far as it matters here.
NGINX = """\
worker_processes auto;
pid MACHINE/nginx.pid;
error_log MACHINE/nginx-error.log;
events {
    worker_connections 768;
}
http {
    access_log off;
    client_body_temp_path MACHINE/nginx-body;
    proxy_temp_path MACHINE/nginx-proxy;
    fastcgi_temp_path MACHINE/nginx-fastcgi;
    uwsgi_temp_path MACHINE/nginx-uwsgi;
    scgi_temp_path MACHINE/nginx-scgi;
    include MACHINE/etc/nginx/conf.d/*.conf;
}
"""
