"""All servers and nodes of `make scale`."""

import http.client
from contextlib import ExitStack, closing
from pathlib import Path

from django.contrib.contenttypes.models import ContentType
from django.core.management import call_command
from django.db import connection, connections

from tests.pooler import POOL_SIZE, Pooler, Server
from tests.scale.balancer import Balancer
from tests.scale.nodes import HOST, Node, build_environment
from tests.scale.program import Program, fill_database
from tests.scale.servers import Servers, Standby

REFERENCE = "reference"


class Installation:
    """Two click nodes and two web nodes behind a balancer, workers, a pooler, a primary, two standbys and Valkey."""

    def __init__(self, folder: Path, servers: Servers) -> None:
        self.folder, self.servers = folder, servers
        self.balancer = Balancer(folder / "nginx")
        self.pooler: Pooler | None = None
        self.nodes: dict[str, list[Node]] = {}
        self.program: Program
        self._started = ExitStack()

    def start(self) -> None:
        self._create_program()
        self.servers.start_standbys()
        self._start_pooler()
        self._start_nodes()

    def stop(self) -> None:
        """Stop what has been started, the last first."""
        self._started.close()

    def _create_program(self) -> None:
        call_command("migrate", verbosity=0)
        self.program = fill_database(self.folder)
        connections.close_all()
        # Gets the same orders in one process, to compare the close.
        self.servers.primary.execute(f"CREATE DATABASE {REFERENCE} TEMPLATE accord")

    def _start_pooler(self) -> None:
        folder = self.folder / "pooler"
        folder.mkdir()
        self.pooler = Pooler(folder, "accord", self.servers.place.password, POOL_SIZE)
        self._started.callback(self.pooler.stop)
        self.pooler.start(self._list_routes(self.servers.standbys[0]))

    def route_database(self, replica: Standby) -> None:
        """Send the nodes to the present primary, and for reports to `replica`."""
        assert self.pooler
        self.pooler.route(self._list_routes(replica))

    def _list_routes(self, replica: Standby) -> dict[str, Server]:
        return {"accord": Server(self.servers.primary.port, "accord"), "replica": Server(replica.port, "accord")}

    def _start_nodes(self) -> None:
        assert self.pooler
        environment = build_environment(
            database=self.pooler.get_url("accord"),
            replica=self.pooler.get_url("replica"),
            redis=self.servers.valkey.url,
            folder=self.folder / "state",
        )
        for role, count in (("web", 2), ("click", 2), ("worker", 2), ("beat", 1)):
            self.nodes[role] = [
                Node(role, self.folder / f"{role}{number}", environment) for number in range(1, count + 1)
            ]
            for node in self.nodes[role]:
                node.start()
                self._started.callback(node.kill)
        self._started.callback(self.balancer.stop)
        self.balancer.start(web=self.get_ports("web"), click=self.get_ports("click"))
        for node in self.nodes["click"]:
            self._load_links(node)

    def _load_links(self, node: Node) -> None:
        """Follow each link once, as a node has whose links are in use: it loads the links of the last hour at its start."""
        for path in self.program.links:
            connection = http.client.HTTPConnection("127.0.0.1", node.port, timeout=10)
            with closing(connection):
                connection.request("HEAD", path, headers={"Host": HOST, "X-Forwarded-Proto": "https"})
                connection.getresponse()

    def get_ports(self, role: str) -> list[int]:
        return [node.port for node in self.nodes[role]]

    def use_database(self, name: str = "accord") -> None:
        """Have this process use a database of the present primary."""
        connections.close_all()
        connection.settings_dict |= {"PORT": self.servers.primary.port, "NAME": name}
        ContentType.objects.clear_cache()

    def count_connections(self) -> int:
        return int(
            self.servers.primary.get_value(
                "SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'"
            )
        )
