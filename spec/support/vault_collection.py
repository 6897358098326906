"""A collection of aws-vault's in the Secret Service: made when it is not there, then one item for each line of stdin,
{"name":..., "text":...}, laid out as the keyring library does: the label and the attribute "profile" are the name.

usage: vault_collection.py COLLECTION add|list|lock|count
"""
import json
import re
import sys

import dbus

SECRETS = "org.freedesktop.secrets"
ITEM = "org.freedesktop.Secret.Item."
COLLECTION = "org.freedesktop.Secret.Collection"

bus = dbus.SessionBus()
service = bus.get_object(SECRETS, "/org/freedesktop/secrets")
api = dbus.Interface(service, "org.freedesktop.Secret.Service")
_, session = api.OpenSession("plain", dbus.String("", variant_level=1))


def secret(text, kind):
    return dbus.Struct((session, dbus.ByteArray(b""), dbus.ByteArray(text.encode()), kind), signature="oayays")


def find(name):
    paths = service.Get("org.freedesktop.Secret.Service", "Collections",
                        dbus_interface="org.freedesktop.DBus.Properties")
    for path in paths:
        if re.sub("_([0-9a-f]{2})", lambda found: chr(int(found[1], 16)), path).endswith("/collection/" + name):
            return path
    internal = dbus.Interface(service, "org.gnome.keyring.InternalUnsupportedGuiltRiddenInterface")
    return internal.CreateWithMasterPassword({COLLECTION + ".Label": name}, secret("pw", "text/plain"))


def main(name, what):
    path = find(name)
    collection = bus.get_object(SECRETS, path)
    if what == "lock":
        api.Lock([path])
        return
    if what == "add":
        for line in filter(str.strip, sys.stdin):
            entry = json.loads(line)
            properties = {ITEM + "Label": entry["name"],
                          ITEM + "Attributes": dbus.Dictionary({"profile": entry["name"]}, signature="ss")}
            collection.CreateItem(properties, secret(entry["text"], "application/json"), entry.get("replace", True),
                                  dbus_interface=COLLECTION)
    items = collection.Get(COLLECTION, "Items", dbus_interface="org.freedesktop.DBus.Properties")
    labels = [str(bus.get_object(SECRETS, item).Get(ITEM[:-1], "Label", dbus_interface="org.freedesktop.DBus.Properties"))
              for item in items]
    print("\n".join(sorted(labels)))


main(*sys.argv[1:])
