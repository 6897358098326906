# The key that signs; its private half never leaves KMS.
key='@KEY@'
