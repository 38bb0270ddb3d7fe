package pack

var bucketRules, functionRules, logRules, apiRules, domainRules, firewallRules, iamRules, cognitoRules, estateRules []rule
