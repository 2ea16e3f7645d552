"""The network: who can reach whom."""

import re
from itertools import product
from pathlib import Path

import pytest

from local import template as sam
from local.template import statements
from tests.infrastructure.templates import ALL, MAIN, NETWORK, NEW, SERVICES, Deployment, texts

ANYWHERE = "0.0.0.0/0"
QUEUES = {"QueueArns": "arn:aws:sqs:eu-central-1:123456789012:orders-tasks"}
NETWORKS = [
    Deployment(NETWORK, NatGateways=nat, AvailabilityZones=zones, FlowLogs="true", EventBusName="orders", **QUEUES)
    for nat, zones in product(("0", "1", "per-az"), ("2", "3"))
]


@pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.parameters["NatGateways"])
class TestNetwork:
    def test_given_a_network_when_created_then_it_has_nat_only_where_configured(self, network: Deployment) -> None:
        zones = int(network.parameters["AvailabilityZones"])
        gateways = {"0": 0, "1": 1, "per-az": zones}[network.parameters["NatGateways"]]
        assert len(network.of_type("AWS::EC2::NatGateway")) == gateways
        assert len(network.of_type("AWS::EC2::InternetGateway")) == min(gateways, 1)
        routes = {name: route["RouteTableId"]["Ref"] for name, route in network.of_type("AWS::EC2::Route").items()}
        expected = {"PublicRoutes", *(f"FunctionRoutes{zone + 1}" for zone in range(zones))} if gateways else set()
        assert set(routes.values()) == expected
        assert len(routes) == len(expected)

    def test_given_a_network_when_created_then_each_subnet_has_its_own_routes_and_cidr(
        self, network: Deployment
    ) -> None:
        subnets = network.of_type("AWS::EC2::Subnet")
        associations = network.of_type("AWS::EC2::SubnetRouteTableAssociation").values()
        routes = {each["SubnetId"]["Ref"]: each["RouteTableId"]["Ref"] for each in associations}
        assert set(routes) == set(subnets)
        for name, routed_by in routes.items():
            kind = re.match(r"[A-Z][a-z]+", name)
            assert kind is not None
            assert routed_by.startswith(f"{kind[0]}Routes")
        blocks = [str(subnet["CidrBlock"]) for subnet in subnets.values()]
        assert len(set(blocks)) == len(blocks)
        assert not any("MapPublicIpOnLaunch" in subnet for subnet in subnets.values())

    def test_given_security_groups_when_created_then_ingress_and_egress_rules_match(self, network: Deployment) -> None:
        groups = network.of_type("AWS::EC2::SecurityGroup")
        assert all(group["SecurityGroupEgress"] for group in groups.values())
        assert not any("SecurityGroupIngress" in group for group in groups.values())
        ingress = network.of_type("AWS::EC2::SecurityGroupIngress").values()
        assert {
            (rule["SourceSecurityGroupId"]["Ref"], rule["GroupId"]["Ref"], rule["FromPort"], rule["ToPort"])
            for rule in ingress
        } == {
            ("FunctionSecurityGroup", "ProxySecurityGroup", 5432, 5432),
            ("FunctionSecurityGroup", "EndpointSecurityGroup", 443, 443),
            ("MigrationSecurityGroup", "DatabaseSecurityGroup", 5432, 5432),
            ("ProxySecurityGroup", "DatabaseSecurityGroup", 5432, 5432),
        }
        # Each ingress rule has an egress rule, and the other way round.
        egress = {
            (name, rule["DestinationSecurityGroupId"]["Ref"], rule["FromPort"], rule["ToPort"])
            for name, group in groups.items()
            for rule in group["SecurityGroupEgress"]
            if "DestinationSecurityGroupId" in rule
        }
        assert egress == {
            (rule["SourceSecurityGroupId"]["Ref"], rule["GroupId"]["Ref"], rule["FromPort"], rule["ToPort"])
            for rule in ingress
        }

    def test_given_a_network_when_created_then_egress_to_any_address_is_limited(self, network: Deployment) -> None:
        from_groups = {
            name
            for name, group in network.of_type("AWS::EC2::SecurityGroup").items()
            if ANYWHERE in texts(group["SecurityGroupEgress"])
        }
        assert from_groups == {"MigrationSecurityGroup"}
        rules = network.of_type("AWS::EC2::SecurityGroupEgress")
        assert set(rules) == (set() if network.parameters["NatGateways"] == "0" else {"ServicesFromFunctions"})
        assert all((rule["FromPort"], rule["ToPort"]) == (443, 443) for rule in rules.values())


@pytest.mark.parametrize("path", ALL, ids=lambda path: path.name)
def test_given_a_networked_resource_when_created_then_it_has_security_groups(path: Path) -> None:
    # Without any, it would be in the default security group of the VPC.
    groups_of = {
        "AWS::RDS::DBInstance": "VPCSecurityGroups",
        "AWS::RDS::DBProxy": "VpcSecurityGroupIds",
        "AWS::EC2::VPCEndpoint": "SecurityGroupIds",
    }
    for resource in sam.read(path)["Resources"].values():
        properties = resource.get("Properties", {})
        if resource["Type"] in groups_of and properties.get("VpcEndpointType") != "Gateway":
            assert properties[groups_of[resource["Type"]]]


def test_given_queue_permissions_when_granted_then_the_vpc_endpoint_allows_the_same() -> None:
    [endpoint] = [
        each for name, each in NETWORKS[0].of_type("AWS::EC2::VPCEndpoint").items() if name == "QueuesEndpoint"
    ]
    [passed] = statements(endpoint)
    used = {action for statement in statements(NEW.resources) for action in texts(statement["Action"])}
    # Lambda's pollers read queue attributes from outside the VPC.
    assert set(passed["Action"]) | {"sqs:GetQueueAttributes"} == {
        action for action in used if action.startswith("sqs:")
    }
    listed = NEW.of_type("AWS::CloudFormation::Stack")["Network"]["Parameters"]["QueueArns"]["Fn::Join"][1]
    # Lambda sends failed invocations from outside the VPC.
    assert {arn["Fn::GetAtt"][0] for arn in listed} == set(NEW.of_type("AWS::SQS::Queue")) - {"FailedInvocations"}


@pytest.mark.parametrize(("nat", "secrets", "created"), [("0", True, True), ("0", False, False), ("1", True, False)])
def test_given_secrets_when_there_is_no_nat_then_an_endpoint_leads_to_just_them(
    nat: str, *, secrets: bool, created: bool
) -> None:
    arns = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:cart-a1B2c3" if secrets else ""
    endpoints = Deployment(NETWORK, NatGateways=nat, SecretArns=arns, **QUEUES).of_type("AWS::EC2::VPCEndpoint")
    assert ("SecretsEndpoint" in endpoints) is created
    if created:
        [passed] = statements(endpoints["SecretsEndpoint"])
        assert (passed["Action"], passed["Resource"]) == ("secretsmanager:GetSecretValue", arns)


@pytest.mark.parametrize("nat", ["0", "1", "per-az"])
@pytest.mark.parametrize("bus", ["orders", ""])
def test_given_a_bus_when_events_are_put_then_an_endpoint_leads_to_just_it(nat: str, bus: str) -> None:
    endpoints = Deployment(NETWORK, NatGateways=nat, EventBusName=bus, **QUEUES).of_type("AWS::EC2::VPCEndpoint")
    assert ("EventsEndpoint" in endpoints) is bool(bus)
    if bus:
        [passed] = statements(endpoints["EventsEndpoint"])
        [granted] = statements(Deployment(MAIN, EventBusName=bus, **SERVICES).resources["PutEvents"])
        assert (passed["Action"], passed["Resource"]) == (granted["Action"], granted["Resource"])
        queues = endpoints["QueuesEndpoint"]
        [other] = statements(queues)
        assert passed["Condition"] == other["Condition"]
        same = ("VpcEndpointType", "PrivateDnsEnabled", "SubnetIds", "SecurityGroupIds")
        assert [endpoints["EventsEndpoint"][name] for name in same] == [queues[name] for name in same]


def test_given_secrets_of_services_when_deployed_then_the_network_knows_them() -> None:
    network = NEW.of_type("AWS::CloudFormation::Stack")["Network"]["Parameters"]
    assert network["SecretArns"] == {"Fn::Join": [",", []]}
    arns = {
        name: f"arn-of-{name}" for name in sam.read(MAIN)["Parameters"] if re.fullmatch(r"(?!Jwt)\w+SecretArn", name)
    }
    listed = Deployment(MAIN, **SERVICES, **arns).of_type("AWS::CloudFormation::Stack")["Network"]["Parameters"]
    assert listed["SecretArns"] == {"Fn::Join": [",", list(arns.values())]}


def test_given_flow_logs_disabled_when_created_then_there_are_none() -> None:
    assert not Deployment(NETWORK, **QUEUES).of_type("AWS::EC2::FlowLog", "AWS::Logs::LogGroup", "AWS::IAM::Role")
